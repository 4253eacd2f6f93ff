import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatSize, parseSize } from '../../../src/std/size.ts';

describe('parseSize', () => {
  it('takes bytes and powers of two in both spellings', () => {
    const sizes: [string, number][] = [
      ['0', 0],
      ['4096', 4096],
      ['512K', 524_288],
      ['64M', 67_108_864],
      ['64MiB', 67_108_864],
      ['64 MiB', 67_108_864],
      ['64mb', 67_108_864],
      ['1G', 1_073_741_824],
      ['1GiB', 1_073_741_824],
      ['1.5G', 1_610_612_736],
      ['2T', 2_199_023_255_552],
    ];
    for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, text);
  });

  it('refuses what is no size, naming it', () => {
    for (const text of ['', 'G', '-1', '1X', '1 2', '0x10', '1e3', '1,5G', 'constructor']) {
      assert.throws(() => parseSize(text), {
        name: 'RangeError',
        message: `'${text}' is not a size; it takes bytes, or 512K, 64M, 1G`,
      });
    }
  });

  it('refuses fractions of a byte and sizes that are not exact', () => {
    assert.throws(() => parseSize('0.3K'), RangeError);
    assert.throws(() => parseSize('9000000T'), RangeError);
  });

  it('reads back every size that formatSize writes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        assert.equal(parseSize(formatSize(bytes)), bytes);
      }),
    );
  });
});
