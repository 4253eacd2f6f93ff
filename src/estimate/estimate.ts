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
import { measureLane, type Measured, type Timing } from './measure.ts';
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

/** Share of a compressor's time for measuring it, where the kernel's is to be foretold as well. */
const MEASURE_SHARE = 0.6;

/** Bytes of a bucket of the histogram of lengths. */
export const BUCKET_BYTES = 512;

/** What Linux's own zswap and zram would take for the same pages. */
export interface KernelEstimate {
  /** Pages that this was reckoned from. */
  readonly sampledPages: number;
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
  timing: Timing,
): CompressorEstimate {
  const { clock, deadlineMs } = timing;
  const start = clock.wallMs();
  const hasKernel = isKernelCompressor(codec.spec);
  const measureMs = start + (deadlineMs - start) * (hasKernel ? MEASURE_SHARE : 1);
  const measured = measureLane(codec.createLane(), sample, {
    ...timing,
    deadlineMs: measureMs,
  });
  const kernel = hasKernel ? kernelEstimate(codec.spec, sample, measured, timing) : undefined;
  return describe(codec.spec, sample, measured, kernel);
}

/** Figures of the part of a sample that was compressed, scaled to all pages. */
function describe(
  spec: string,
  sample: Sample,
  measured: Measured,
  kernel: KernelEstimate | undefined,
): CompressorEstimate {
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
    kernel,
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

/** What Linux makes of the pages that were compressed, or of as many as there is time for. */
function kernelEstimate(
  spec: string,
  sample: Sample,
  measured: Measured,
  { clock, deadlineMs, pagesLeast }: Timing,
): KernelEstimate {
  const { lengths, runs } = measured;
  const theirs = new Uint16Array(lengths.length);
  let pages = 0;
  for (let run = 0; run < runs; run++) {
    if (pages >= pagesLeast && clock.wallMs() > deadlineMs) break;
    for (const end = present(sample.runStarts[run + 1]); pages < end; pages++) {
      const ours = present(lengths[pages]);
      const content = sample.bytes.subarray(pages * PAGE_SIZE, (pages + 1) * PAGE_SIZE);
      theirs[pages] = ours === 0 ? 0 : kernelLength(spec, content, ours);
    }
  }
  const scale = pages === 0 ? 0 : sample.population / pages;
  const pool = (keep: (length: number, page: number) => boolean): StoredLengths => ({
    lengths: theirs.subarray(0, pages).filter(keep),
    scale,
  });
  const zram = pool((length, page) => length > 0 && sample.kinds[page] === DATA_PAGE);
  const zswap = pool((length) => length > 0);
  const raw = zswap.lengths.reduce((sum, length) => sum + Number(length === PAGE_SIZE), 0);
  const huge = zram.lengths.reduce((sum, length) => sum + Number(length >= hugeClassSize()), 0);
  return {
    sampledPages: pages,
    zswapPoolBytes: zsmallocPoolBytes(classCounts(zswap)),
    zswapIncompressiblePages: Math.round(raw * scale),
    zramMemUsed: zsmallocPoolBytes(classCounts(zram)),
    zramHugePages: Math.round(huge * scale),
  };
}
