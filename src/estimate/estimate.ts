/**
 * What zswap would make of some pages, by compressor: how small they become, what the pool weighs
 * in each allocator, what a page costs both ways, and what a pool of a given size gains. Figures
 * are for all pages of the source; where only a sample of them was looked at, each says how far it
 * may be off.
 */
import type { Codec } from '../codec/codec.ts';
import { present } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { isKernelCompressor, kernelLength } from './kernel/lengths.ts';
import { type EstimateClock, measureLane, type Measured } from './measure.ts';
import {
  buddyPool,
  classCounts,
  hugeClassSize,
  type StoredLengths,
  zsmallocBytesPerPage,
  zsmallocPoolBytes,
} from './pool-size.ts';
import { DATA_PAGE, type Sample, ZERO_PAGE } from './sample.ts';
import { type Interval, ratioInterval, type RunValues, shareInterval } from './statistics.ts';

/** Bytes of a bucket of the histogram of lengths. */
export const BUCKET_BYTES = 512;

/** What Linux's own zswap and zram would take for the same pages. */
export interface KernelEstimate {
  /** `pool_total_size` of zswap. */
  readonly zswapPoolBytes: number;
  /** `stored_incompressible_pages` of zswap. */
  readonly zswapIncompressiblePages: number;
  /** `mem_used_total` of zram, which keeps same-filled pages without memory. */
  readonly zramMemUsed: number;
  /** `huge_pages` of zram: those that take a whole page. */
  readonly zramHugePages: number;
}

/** What one compressor makes of the pages. Counts and bytes are for all pages of the source. */
export interface CompressorEstimate {
  readonly compressor: string;
  readonly pages: number;
  /** Pages that were compressed to know. */
  readonly sampledPages: number;
  readonly zeroPages: number;
  /** Pages of one 8-byte word over and over, zero pages among them. */
  readonly sameFilledPages: number;
  readonly incompressiblePages: number;
  readonly incompressibleShare: Interval;
  /** Bytes of all stored pages: those that do not compress count whole, zero pages nothing. */
  readonly compressedBytes: number;
  /** Bytes of the pages over compressed bytes; infinite if all are zero pages. */
  readonly ratio: number;
  readonly ratioInterval: Interval;
  /** Pages by length in steps of 512 bytes; the ninth are those kept as they are. */
  readonly histogram: readonly number[];
  readonly poolBytes: { readonly zsmalloc: number; readonly zbud: number; readonly z3fold: number };
  /** Pages that zbud does not take. */
  readonly zbudRejectedPages: number;
  /** Bytes of a large zsmalloc pool by stored page, what its classes waste included. */
  readonly poolBytesPerPage: number;
  readonly compressUs: number;
  readonly decompressUs: number;
  /** Undefined where Linux has no such compressor. */
  readonly kernel: KernelEstimate | undefined;
}

/** A compressor's estimate, as soon as it is there. */
export function estimateCompressor(
  codec: Codec,
  sample: Sample,
  clock: EstimateClock,
  deadlineMs: number,
): CompressorEstimate {
  const measured = measureLane(codec.createLane(), sample, clock, deadlineMs);
  return describe(codec.spec, sample, measured);
}

/** Figures of the part of a sample that was compressed, scaled to all pages. */
function describe(spec: string, sample: Sample, measured: Measured): CompressorEstimate {
  const { lengths } = measured;
  const pages = lengths.length;
  const scale = pages === 0 ? 0 : sample.population / pages;
  const count = (wanted: (page: number, length: number) => boolean): number =>
    lengths.reduce((sum, length, page) => sum + Number(wanted(page, length)), 0);
  const scaled = (value: number): number => Math.round(value * scale);
  const bytes = lengths.reduce((sum, length) => sum + length, 0);
  const stored = { lengths: lengths.filter((length) => length > 0), scale };
  const counts = classCounts(stored);
  const zbud = buddyPool('zbud', stored);
  return {
    compressor: spec,
    pages: sample.population,
    sampledPages: pages,
    zeroPages: scaled(count((page) => sample.kinds[page] === ZERO_PAGE)),
    sameFilledPages: scaled(count((page) => sample.kinds[page] !== DATA_PAGE)),
    incompressiblePages: scaled(count((_, length) => length === PAGE_SIZE)),
    incompressibleShare: shareInterval(
      runValues(sample, measured, (_, length) => Number(length === PAGE_SIZE)),
    ),
    compressedBytes: scaled(bytes),
    ratio: (pages * PAGE_SIZE) / bytes,
    ratioInterval: ratioInterval(runValues(sample, measured, (_, length) => length)),
    histogram: histogramOf(stored.lengths).map(scaled),
    poolBytes: {
      zsmalloc: zsmallocPoolBytes(counts),
      zbud: zbud.poolBytes,
      z3fold: buddyPool('z3fold', stored).poolBytes,
    },
    zbudRejectedPages: zbud.rejectedPages,
    poolBytesPerPage: zsmallocBytesPerPage(counts),
    compressUs: measured.compressUs,
    decompressUs: measured.decompressUs,
    kernel: isKernelCompressor(spec) ? kernelEstimate(spec, sample, lengths, scale) : undefined,
  };
}

/** The interval of the share of zero pages in all pages. */
export function zeroShare(sample: Sample): Interval {
  const whole = { runs: sample.runStarts.length - 1 };
  return shareInterval(
    runValues(sample, whole, (page) => Number(sample.kinds[page] === ZERO_PAGE)),
  );
}

function runValues(
  sample: Sample,
  { runs, lengths }: { readonly runs: number; readonly lengths?: Uint16Array },
  valueOf: (page: number, length: number) => number,
): RunValues {
  const sums = new Float64Array(runs);
  const counts = new Float64Array(runs);
  for (let run = 0; run < runs; run++) {
    const start = present(sample.runStarts[run]);
    const end = present(sample.runStarts[run + 1]);
    for (let page = start; page < end; page++) {
      sums[run] = present(sums[run]) + valueOf(page, lengths?.[page] ?? 0);
    }
    counts[run] = end - start;
  }
  const isAll = sample.isWhole && runs === sample.runStarts.length - 1;
  const drawn = isAll ? 1 : present(sample.runStarts[runs]) / sample.population;
  return { sums, counts, drawn };
}

function histogramOf(lengths: Uint16Array): number[] {
  const buckets = Array.from({ length: PAGE_SIZE / BUCKET_BYTES + 1 }, () => 0);
  for (const length of lengths) {
    const bucket =
      length === PAGE_SIZE ? buckets.length - 1 : Math.floor((length - 1) / BUCKET_BYTES);
    buckets[bucket] = present(buckets[bucket]) + 1;
  }
  return buckets;
}

function kernelEstimate(
  spec: string,
  sample: Sample,
  lengths: Uint16Array,
  scale: number,
): KernelEstimate {
  const theirs = lengths.map((length, page) => {
    if (length === 0) return 0;
    const content = sample.bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    return kernelLength(spec, content, length);
  });
  const pool = (keep: (length: number, page: number) => boolean): StoredLengths => ({
    lengths: theirs.filter(keep),
    scale,
  });
  const zram = pool((length, page) => length > 0 && sample.kinds[page] === DATA_PAGE);
  const zswap = pool((length) => length > 0);
  const raw = zswap.lengths.reduce((sum, length) => sum + Number(length === PAGE_SIZE), 0);
  const huge = zram.lengths.reduce((sum, length) => sum + Number(length >= hugeClassSize()), 0);
  return {
    zswapPoolBytes: zsmallocPoolBytes(classCounts(zswap)),
    zswapIncompressiblePages: Math.round(raw * scale),
    zramMemUsed: zsmallocPoolBytes(classCounts(zram)),
    zramHugePages: Math.round(huge * scale),
  };
}
