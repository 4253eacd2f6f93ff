/**
 * A histogram of durations in buckets that double: cheap enough to record on the way of a request,
 * and exact enough to tell a microsecond from a millisecond.
 *
 *     bucket     0        1        2              23             24
 *     up to    1 µs     2 µs     4 µs   ...   2^23 µs (8.4 s)   more
 *
 * Counters only grow, so the difference of two readings is the histogram of the time between.
 */

/** Buckets, the last one without an upper bound. */
export const LOG_BUCKETS = 25;

/** Upper bound of a bucket in seconds, itself included; Infinity for the last. */
export function logBucketSeconds(bucket: number): number {
  return bucket >= LOG_BUCKETS - 1 ? Infinity : 2 ** bucket / 1e6;
}

/** What a histogram holds at one moment. */
export interface HistogramReading {
  readonly count: number;
  readonly sum_seconds: number;
  /** Durations by bucket, not accumulated; see {@link logBucketSeconds}. */
  readonly buckets: readonly number[];
}

export class LogHistogram {
  readonly #buckets: Float64Array = new Float64Array(LOG_BUCKETS);
  readonly #sumMs: Float64Array = new Float64Array(1);

  /** Counts a duration in milliseconds; a negative one counts as 0. */
  record(ms: number): void {
    const microseconds = Math.min(Math.ceil(ms * 1000), 2 ** 31);
    // 2^(b-1) < duration <= 2^b.
    const bucket = microseconds <= 1 ? 0 : 32 - Math.clz32(microseconds - 1);
    const index = bucket < LOG_BUCKETS ? bucket : LOG_BUCKETS - 1;
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    if (ms > 0) this.#sumMs[0] = this.#total + ms;
  }

  read(): HistogramReading {
    const buckets = Array.from(this.#buckets);
    return {
      count: buckets.reduce((sum, value) => sum + value, 0),
      sum_seconds: this.#total / 1000,
      buckets,
    };
  }

  get #total(): number {
    return this.#sumMs[0] ?? 0;
  }
}
