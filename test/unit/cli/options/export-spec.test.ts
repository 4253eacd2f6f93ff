import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  exportFromFields,
  formatExport,
  parseExport,
  type ExportConfig,
} from '../../../../src/cli/options/export-spec.ts';

describe('parseExport', () => {
  it('takes a name and a size', () => {
    assert.deepEqual(parseExport('swap:1G'), {
      name: 'swap',
      sizeBytes: 1_073_741_824,
      zswapMax: 'max',
      zswapWriteback: true,
      compressor: undefined,
    });
  });

  it('takes every key, in any order', () => {
    assert.deepEqual(parseExport('vm1:8M,compressor=zstd:3,zswap.writeback=0,zswap.max=2M'), {
      name: 'vm1',
      sizeBytes: 8_388_608,
      zswapMax: 2_097_152,
      zswapWriteback: false,
      compressor: 'zstd:3',
    });
  });

  const refused: [string, RegExp][] = [
    ['swap', /'swap' is not an export; it takes NAME:SIZE/],
    [':1G', /'' is not an export name/],
    ['a/b:1G', /'a\/b' is not an export name/],
    ['swap:0', /not a size of whole pages/],
    ['swap:5000', /not a size of whole pages/],
    ['swap:1X', /'1X' is not a size/],
    ['swap:1G,zswap.max', /'zswap.max' is not key=value/],
    ['swap:1G,ram=1G', /unknown key 'ram'; an export takes zswap.max, zswap.writeback, compressor/],
    ['swap:1G,zswap.max=x', /zswap.max: 'x' is not a size/],
    ['swap:1G,zswap.writeback=2', /zswap.writeback: '2' is not a switch; it takes 0 or 1/],
    ['swap:1G,zswap.max=1M,zswap.max=2M', /'zswap.max' is given twice/],
    ['swap:1G,size=2G', /'size' is given twice/],
  ];
  for (const [text, reason] of refused) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseExport(text), { name: 'RangeError', message: reason });
    });
  }

  it('reads back every export that formatExport writes', () => {
    const config: fc.Arbitrary<ExportConfig> = fc.record(
      {
        name: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,20}$/),
        sizeBytes: fc.integer({ min: 1, max: 2 ** 31 }).map((pages) => pages * 4096),
        zswapMax: fc.oneof(fc.constant('max' as const), fc.maxSafeNat()),
        zswapWriteback: fc.boolean(),
        compressor: fc.constantFrom(undefined, 'lz4', 'zstd:-1'),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(config, (value) => {
        assert.deepEqual(parseExport(formatExport(value)), value);
      }),
    );
  });
});

describe('exportFromFields', () => {
  it('asks for a name and a size', () => {
    assert.throws(() => exportFromFields(new Map([['name', 'a']])), /needs a name and a size/);
  });
});
