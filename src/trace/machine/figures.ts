/** What a simulated machine has seen: where references were served, how long it took, and when. */
import type { StoredSizes } from './machine.ts';
import { LatencyHistogram } from './histogram.ts';

/** Where a reference was served. */
export interface TierCounts {
  /** In a page frame. */
  frames: number;
  /** Nowhere before: the page came into being. */
  first: number;
  /** In the compressed pool. */
  zswap: number;
  /** Known to be zeros. */
  zero: number;
  /** On the device. */
  device: number;
}

export function createTiers(): TierCounts {
  return { frames: 0, first: 0, zswap: 0, zero: 0, device: 0 };
}

/** One look at the machine while the trace runs. Counts are since the beginning. */
export interface Sample {
  readonly reference: number;
  readonly seconds: number;
  readonly poolBytes: number;
  readonly storedPages: number;
  readonly devicePages: number;
  readonly writtenBack: number;
  readonly tiers: Readonly<TierCounts>;
}

/** Looks that are kept of a run. */
export const SAMPLES = 200;

export class MachineFigures {
  readonly tiers: TierCounts = createTiers();
  readonly tenantTiers: readonly TierCounts[];
  /** Of reads that went to swap, by where they were served. */
  readonly zswapLatency: LatencyHistogram = new LatencyHistogram();
  readonly deviceLatency: LatencyHistogram = new LatencyHistogram();
  readonly faultLatency: LatencyHistogram = new LatencyHistogram();
  /** Of writes to swap. */
  readonly writeLatency: LatencyHistogram = new LatencyHistogram();
  readonly samples: Sample[] = [];
  /** Writes that were refused: there was room nowhere. */
  refusedWrites = 0;
  /** Reads that failed, or gave another page than was written. None, unless the engine is wrong. */
  wrongReads = 0;
  poolBytesPeak = 0;
  #poolBytesSum = 0;
  #storedPagesSum = 0;

  constructor(tenantCount: number) {
    this.tenantTiers = Array.from({ length: tenantCount }, createTiers);
  }

  count(tenant: number, tier: keyof TierCounts): void {
    this.tiers[tier] += 1;
    const counts = this.tenantTiers[tenant];
    if (counts !== undefined) counts[tier] += 1;
  }

  addSample(sample: Sample): void {
    this.samples.push(sample);
    this.#poolBytesSum += sample.poolBytes;
    this.#storedPagesSum += sample.storedPages;
  }

  notePool(bytes: number): void {
    if (bytes > this.poolBytesPeak) this.poolBytesPeak = bytes;
  }

  /** Over the samples. */
  get means(): StoredSizes {
    const count = Math.max(1, this.samples.length);
    return {
      poolBytes: this.#poolBytesSum / count,
      storedPages: this.#storedPagesSum / count,
    };
  }
}
