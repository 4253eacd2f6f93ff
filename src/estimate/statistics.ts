/**
 * How far a figure from a sample of runs may be from that of all pages. Pages of a run are alike,
 * so the runs are what counts as drawn, not the pages (cluster sampling).
 *
 * @see Cochran, "Sampling Techniques", 3rd edition, chapters 6 (ratios) and 9A (clusters); Wilson,
 *   "Probable inference, the law of succession, and statistical inference", 1927
 */
import { present } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';

/** Standard errors of a normal distribution on either side that hold 95 % of it. */
const Z95 = 1.96;

/** A range that holds the true figure in 95 of 100 samples. */
export type Interval = readonly [low: number, high: number];

/** Values of pages, run by run. */
export interface RunValues {
  /** Sum of the values in each run. */
  readonly sums: Float64Array;
  /** Pages of each run. */
  readonly counts: Float64Array;
  /** Share of all pages that was drawn, 0..1; at 1 there is no error. */
  readonly drawn: number;
}

/** Mean of the values by page, and its standard error. */
export interface Mean {
  readonly mean: number;
  readonly error: number;
}

/** The mean over all pages of the runs, as a ratio estimator: runs differ in length. */
export function clusterMean({ sums, counts, drawn }: RunValues): Mean {
  const runs = sums.length;
  const sum = sums.reduce((total, value) => total + value, 0);
  const pages = counts.reduce((total, value) => total + value, 0);
  if (pages === 0) return { mean: 0, error: 0 };
  const mean = sum / pages;
  if (drawn >= 1) return { mean, error: 0 };
  if (runs < 2) return { mean, error: Infinity };
  let squares = 0;
  for (let run = 0; run < runs; run++) {
    const off = present(sums[run]) - mean * present(counts[run]);
    squares += off * off;
  }
  const perRun = pages / runs;
  const variance = ((1 - drawn) * squares) / ((runs - 1) * runs * perRun * perRun);
  return { mean, error: Math.sqrt(variance) };
}

/**
 * The interval of a share, 0..1. Where none or all of the pages were of the kind, the spread of
 * the runs says nothing, and a run counts as one page: the widest that is sensible.
 */
export function shareInterval(values: RunValues): Interval {
  const { mean: share, error } = clusterMean(values);
  if (values.drawn >= 1) return [share, share];
  const runs = values.sums.length;
  const pages = values.counts.reduce((total, value) => total + value, 0);
  const effective =
    error > 0 && Number.isFinite(error) ? (share * (1 - share)) / (error * error) : runs;
  const n = Math.max(1, Math.min(pages, effective));
  const zz = (Z95 * Z95) / n;
  const middle = (share + zz / 2) / (1 + zz);
  const half = (Z95 * Math.sqrt((share * (1 - share)) / n + zz / (4 * n))) / (1 + zz);
  return [Math.max(0, Math.min(share, middle - half)), Math.min(1, middle + half)];
}

/** The interval of uncompressed bytes over compressed ones, from the mean bytes of a page. */
export function ratioInterval(values: RunValues): Interval {
  const { mean, error } = clusterMean(values);
  const low = Math.max(mean - Z95 * error, 0);
  return [PAGE_SIZE / (mean + Z95 * error), PAGE_SIZE / low];
}
