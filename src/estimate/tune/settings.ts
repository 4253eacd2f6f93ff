/**
 * What tuning tries and what it wants to know of each try. {@link Evaluate} is the whole interface
 * to whatever answers: an analytic model, or a simulation of recorded references.
 */

/** One way to set up zswap. */
export interface Settings {
  /** `NAME` or `NAME:LEVEL`. */
  readonly compressor: string;
  /** RAM that the pool may take, out of the RAM that there is. */
  readonly poolBytes: number;
  /** How what is cold is chosen, such as `lru`. */
  readonly policy: string;
}

/** Where references find their page, as shares of all references that sum to 1; and the cost. */
export interface Outcome {
  /** In RAM as it is: no fault. */
  readonly residentShare: number;
  /** In the pool: a fault that decompresses. */
  readonly poolShare: number;
  /** On the device. */
  readonly deviceShare: number;
  /** Mean microseconds of a fault, from either. */
  readonly faultLatencyUs: number;
  /** Bytes that the pool held beyond its own size, where that was seen and is not reckoned. */
  readonly memoryGained?: number;
}

/** Tells what settings lead to; undefined if it cannot tell for these. */
export type Evaluate = (settings: Settings) => Outcome | undefined;

/** What one compressor does to the pages, as far as tuning needs it. */
export interface CompressorCost {
  readonly compressor: string;
  /** Bytes of the pool by stored page. */
  readonly poolBytesPerPage: number;
  readonly compressUs: number;
  readonly decompressUs: number;
}
