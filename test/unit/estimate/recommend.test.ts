import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CompressorEstimate } from '../../../src/estimate/estimate.ts';
import { heldBytes, memoryGained } from '../../../src/estimate/gain.ts';
import { recommend, roughSize } from '../../../src/estimate/recommend.ts';
import { GIB, PAGE_SIZE } from '../../../src/std/units.ts';

function estimateOf(
  compressor: string,
  poolBytesPerPage: number,
  compressUs: number,
  decompressUs: number,
  incompressiblePages = 0,
): CompressorEstimate {
  return {
    compressor,
    pages: 1000,
    sampledPages: 1000,
    zeroPages: 0,
    sameFilledPages: 0,
    incompressiblePages,
    incompressibleShare: [0, 0],
    compressedBytes: poolBytesPerPage * 1000,
    ratio: PAGE_SIZE / poolBytesPerPage,
    ratioInterval: [1, 2],
    histogram: [],
    poolBytes: { zsmalloc: 0, zbud: 0, z3fold: 0 },
    zbudRejectedPages: 0,
    poolBytesPerPage,
    compressUs,
    decompressUs,
    kernel: undefined,
  };
}

const LZ4 = estimateOf('lz4', 1500, 5, 1.5);

describe('the recommendation', () => {
  it('is the cheapest where nothing denser holds a tenth more', () => {
    const dense = estimateOf('zstd:1', 1400, 12, 5);
    const { compressor, command } = recommend([dense, LZ4], GIB);
    assert.equal(compressor, 'lz4');
    assert.deepEqual(command.slice(0, 5), ['serve', '--compressor', 'lz4', '--pool-size', '1G']);
    assert.equal(command.at(-1), 'swap:2G');
  });

  it('is a denser one that holds a tenth more for a few microseconds', () => {
    const dense = estimateOf('zstd:1', 1000, 12, 5);
    const { compressor, reasons } = recommend([LZ4, dense], GIB);
    assert.equal(compressor, 'zstd:1');
    assert.match(reasons.join(' '), /holds 4\.1G .* gains 3\.1G\..*With lz4, the cheapest/);
    assert.match(reasons.join(' '), /The pages here would take 977K of it\./);
  });

  it('is not a denser one that takes too long', () => {
    assert.equal(recommend([LZ4, estimateOf('slow', 900, 12, 7)], GIB).compressor, 'lz4');
    assert.equal(recommend([LZ4, estimateOf('slow', 900, 80, 5)], GIB).compressor, 'lz4');
  });

  it('is none where pages do not compress, and says so', () => {
    const { compressor, reasons } = recommend([estimateOf('lz4', 4000, 5, 1, 950)], GIB);
    assert.equal(compressor, undefined);
    assert.match(reasons[0] ?? '', /not worth its time/);
  });

  it('warns of many pages that do not compress', () => {
    const { reasons } = recommend([estimateOf('lz4', 2000, 5, 1, 400)], GIB);
    assert.match(reasons.at(-1) ?? '', /^40\.0 % of the pages do not compress/);
  });

  it('has nothing to choose among zero pages', () => {
    const { compressor, reasons } = recommend([estimateOf('lz4', 0, 0, 0)], GIB);
    assert.equal(compressor, undefined);
    assert.match(reasons[0] ?? '', /zero pages/);
  });
});

describe('what a pool gains', () => {
  it('is what its pages took before, less its own size', () => {
    assert.equal(heldBytes(LZ4, 3000), 2 * PAGE_SIZE);
    assert.equal(memoryGained(LZ4, 3000), 2 * PAGE_SIZE - 3000);
  });

  it('is told in about three digits', () => {
    const told = [0, 999, 2048, 341 * 1024 ** 2, 4.75 * GIB, -5 * GIB].map(roughSize);
    assert.deepEqual(told, ['0', '999', '2.0K', '341M', '4.8G', '-5.0G']);
  });
});
