/** What is reported of an estimate, whichever way it is written. */
import type { CompressorEstimate } from '../estimate.ts';
import type { Recommendation } from '../recommend.ts';
import type { Interval } from '../statistics.ts';

export interface EstimateReport {
  /** Where the pages come from. */
  readonly source: string;
  /** Pages there are, and pages that were looked at. */
  readonly pages: number;
  readonly sampledPages: number;
  /** Seed of a random sample; undefined for one that is spread evenly. */
  readonly seed: number | undefined;
  readonly zeroShare: Interval;
  /** Bytes of the pool that gains are told for. */
  readonly poolBytes: number;
  /** Where that size comes from, if it was not given. */
  readonly poolOrigin: string | undefined;
  readonly compressors: readonly CompressorEstimate[];
  readonly recommendation: Recommendation;
  /** What else is worth knowing of these pages. */
  readonly notes: readonly string[];
}
