/**
 * A histogram of times with steps of a sixteenth of a power of two, from a hundredth of a
 * microsecond on: so a percentile is right within five percent, at any size.
 */
const STEPS = 16;
const LEAST_US = 0.01;
const BINS = STEPS * 40;

export class LatencyHistogram {
  readonly #bins = new Float64Array(BINS);
  count = 0;
  sumUs = 0;
  maxUs = 0;

  add(us: number): void {
    const bin = us <= LEAST_US ? 0 : Math.ceil(Math.log2(us / LEAST_US) * STEPS);
    const at = Math.min(BINS - 1, bin);
    this.#bins[at] = (this.#bins[at] ?? 0) + 1;
    this.count += 1;
    this.sumUs += us;
    this.maxUs = Math.max(this.maxUs, us);
  }

  get meanUs(): number {
    return this.count === 0 ? 0 : this.sumUs / this.count;
  }

  /** The time that so large a share, 0..1, did not exceed; 0 where there are none. */
  percentileUs(share: number): number {
    const wanted = share * this.count;
    let seen = 0;
    for (let bin = 0; bin < BINS; bin += 1) {
      seen += this.#bins[bin] ?? 0;
      if (seen >= wanted && seen > 0) return Math.min(this.maxUs, upperUs(bin));
    }
    return this.maxUs;
  }

  /** The bins that have anything, with the time that they end at. */
  bins(): { readonly upToUs: number; readonly count: number }[] {
    const found: { readonly upToUs: number; readonly count: number }[] = [];
    for (let bin = 0; bin < BINS; bin += 1) {
      const count = this.#bins[bin] ?? 0;
      if (count > 0) found.push({ upToUs: upperUs(bin), count });
    }
    return found;
  }
}

function upperUs(bin: number): number {
  return LEAST_US * 2 ** (bin / STEPS);
}
