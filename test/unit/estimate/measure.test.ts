import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openCodec } from '../../../src/codec/registry.ts';
import { estimateCompressor } from '../../../src/estimate/estimate.ts';
import {
  type EstimateClock,
  measureLane,
  median,
  type Timing,
} from '../../../src/estimate/measure.ts';
import { drawSample, type Sample } from '../../../src/estimate/sample.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { generateMemory } from '../../support/sample-pages.ts';

function sampleOf(bytes: Uint8Array): Sample {
  return drawSample(
    {
      pages: bytes.length / PAGE_SIZE,
      read: (first, count, target, present) => {
        target.set(bytes.subarray(first * PAGE_SIZE, (first + count) * PAGE_SIZE));
        present.fill(1);
      },
    },
    { pages: bytes.length / PAGE_SIZE },
  );
}

/** A clock on which each look at the processor takes 64 us and each look at the wall 1 ms. */
function steppingClock(): EstimateClock {
  let cpu = 0;
  let wall = 0;
  return { cpuUs: () => (cpu += 64), wallMs: () => (wall += 1) };
}

function untimed(): Timing {
  return { clock: steppingClock(), deadlineMs: Infinity, pagesLeast: 0 };
}

describe('measuring a compressor', () => {
  const sample = sampleOf(generateMemory(640));

  it('gives each page the length that the compressor makes of it', async () => {
    const codec = await openCodec('lz4');
    const { lengths, runs } = measureLane(codec.createLane(), sample, untimed());
    assert.equal(runs, sample.runStarts.length - 1);
    const lane = codec.createLane();
    for (let page = 0; page < sample.pages; page += 7) {
      const content = sample.bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
      const made = lane.compress(content);
      const expected = content.every((byte) => byte === 0) ? 0 : made > 0 ? made : PAGE_SIZE;
      assert.equal(lengths[page], expected, `page ${page}`);
    }
  });

  it('costs a page what its batch took, divided', async () => {
    const codec = await openCodec('lz4');
    const { compressUs, decompressUs } = measureLane(codec.createLane(), sample, untimed());
    // A batch of 32 has two zero pages, and two that do not compress.
    assert.ok(Math.abs(compressUs - 64 / 30) < 0.1, String(compressUs));
    assert.ok(decompressUs > 64 / 30 && decompressUs < 64 / 26, String(decompressUs));
  });

  it('stops at the deadline with whole runs, and scales what it knows to all pages', async () => {
    const codec = await openCodec('lz4');
    const estimate = estimateCompressor(codec, sample, { ...untimed(), deadlineMs: 24 });
    assert.ok(estimate.sampledPages > 0 && estimate.sampledPages < sample.pages);
    assert.equal(estimate.sampledPages % 16, 0);
    const whole = estimateCompressor(codec, sample, untimed());
    assert.equal(estimate.pages, whole.pages);
    const off = Math.abs(estimate.compressedBytes / whole.compressedBytes - 1);
    assert.ok(off < 0.05, String(off));
    const [low, high] = estimate.ratioInterval;
    assert.ok(low < whole.ratio && whole.ratio < high);
  });

  it('sees the least there must be, however late it is', async () => {
    const late = { ...untimed(), deadlineMs: 0, pagesLeast: 320 };
    const estimate = estimateCompressor(await openCodec('lz4'), sample, late);
    assert.equal(estimate.sampledPages, 320);
    assert.equal(estimate.kernel?.sampledPages, 320);
  });

  it('has no cost where there is nothing to compress', async () => {
    const zeros = sampleOf(new Uint8Array(40 * PAGE_SIZE));
    const estimate = estimateCompressor(await openCodec('lz4'), zeros, untimed());
    assert.deepEqual([estimate.compressUs, estimate.decompressUs], [0, 0]);
    assert.deepEqual([estimate.zeroPages, estimate.sameFilledPages], [40, 40]);
    assert.deepEqual(estimate.poolBytes, { zsmalloc: 0, zbud: 0, z3fold: 0 });
  });

  it('counts every page in one bucket of the histogram', async () => {
    const estimate = estimateCompressor(await openCodec('zstd:1'), sample, untimed());
    const stored = estimate.histogram.reduce((sum, count) => sum + count, 0);
    assert.equal(stored, estimate.pages - estimate.zeroPages);
    assert.equal(estimate.histogram.at(-1), estimate.incompressiblePages);
    assert.equal(estimate.histogram.length, 9);
  });
});

describe('median', () => {
  it('is the middle, or the mean of the two in the middle', () => {
    assert.deepEqual([median([3, 1, 100]), median([4, 1, 2, 100]), median([])], [3, 3, 0]);
  });
});
