// Goal: the lengths foreseen for Linux's own compressors are the ones it makes.
// Method: generated pages were written to a zram device of Linux 6.18, one by one, and the growth
// of compr_data_size in its mm_stat after each was noted: 0 for a same-filled page, 4096 for one
// that is kept as it is, which zram does from the huge class on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isKernelCompressor, kernelLength } from '../../../../src/estimate/kernel/lengths.ts';
import {
  classCounts,
  hugeClassSize,
  zsmallocPoolBytes,
} from '../../../../src/estimate/pool-size.ts';
import { isSameFilled } from '../../../../src/estimate/same-filled.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { generatePages } from '../../../support/pages.ts';
import { projectFile } from '../../../support/project.ts';

interface Recorded {
  readonly perKind: number;
  /** `pool_total_size` of zswap with deflate for all pages. */
  readonly deflatePool: number;
  readonly lengths: Readonly<Record<string, readonly number[]>>;
}

const recorded = JSON.parse(
  readFileSync(projectFile('test/fixtures/estimate/kernel-lengths.json'), 'utf8'),
) as Recorded;

describe('the length that a kernel compressor makes of a page', () => {
  const pages = generatePages(recorded.perKind);

  for (const [compressor, lengths] of Object.entries(recorded.lengths)) {
    it(`is the one of Linux for ${compressor}`, () => {
      assert.equal(lengths.length, pages.length);
      const foreseen = pages.map(({ bytes }) => {
        if (isSameFilled(bytes)) return 0;
        const length = kernelLength(compressor, bytes, 0);
        return length >= hugeClassSize() ? PAGE_SIZE : length;
      });
      assert.deepEqual(foreseen, lengths);
    });
  }

  // The kernel tells the length of no page through zswap, which alone has deflate: only the pool.
  it('gives the pool of Linux for deflate', () => {
    const stored = pages.filter(({ kind }) => kind !== 'zero');
    const lengths = stored.map(({ bytes }) => kernelLength('deflate', bytes, 0));
    const counts = classCounts({ lengths: Uint16Array.from(lengths), scale: 1 });
    assert.equal(zsmallocPoolBytes(counts), recorded.deflatePool);
  });

  it('is never more than a page', () => {
    const noise = pages.find(({ kind }) => kind === 'random');
    assert.ok(noise !== undefined);
    for (const compressor of ['lz4', 'lzo', 'lzo-rle', 'zstd', 'deflate']) {
      assert.ok(isKernelCompressor(compressor));
      assert.equal(kernelLength(compressor, noise.bytes, PAGE_SIZE), PAGE_SIZE);
    }
  });

  it('is not told for levels that Linux does not use', () => {
    for (const spec of ['zstd:1', 'deflate:9', 'null'])
      assert.equal(isKernelCompressor(spec), false);
  });
});
