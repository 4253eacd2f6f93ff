/**
 * The last minutes, as far as the page has seen them: the figures that are drawn over time, and the
 * two newest snapshots whole. The daemon keeps no history, so a page that is opened begins empty.
 */
import { pageRates, type PageRates } from '../../metrics/figures.ts';
import type { LatencyStats, NbdStats, StatsSnapshot } from '../../metrics/snapshot.ts';

/** Seconds that are kept. */
const HISTORY_SECONDS = 300;
/** Seconds that charts show: the least of these that has room for all that is known. */
const SPANS_SECONDS = [60, 120, HISTORY_SECONDS] as const;

/** One second of the past. */
export interface Moment {
  /** Seconds since the daemon's start. */
  readonly time: number;
  readonly poolBytes: number;
  readonly limitBytes: number;
  readonly rates: PageRates | undefined;
  readonly latency: LatencyStats;
  readonly requests: NbdStats['latency'] | undefined;
}

export class History {
  #moments: Moment[] = [];
  #now: StatsSnapshot | undefined;
  #before: StatsSnapshot | undefined;

  get now(): StatsSnapshot | undefined {
    return this.#now;
  }

  /** The snapshot before the newest; undefined for the first of a daemon. */
  get before(): StatsSnapshot | undefined {
    return this.#before;
  }

  get moments(): readonly Moment[] {
    return this.#moments;
  }

  /** Seconds that charts over time show. */
  get span(): number {
    const known = (this.#moments.at(-1)?.time ?? 0) - (this.#moments[0]?.time ?? 0);
    return SPANS_SECONDS.find((span) => known <= span) ?? HISTORY_SECONDS;
  }

  /** Takes the next snapshot. A daemon that was started again begins a new history. */
  push(stats: StatsSnapshot): void {
    const time = stats.process.uptime_seconds;
    const last = this.#now?.process.uptime_seconds ?? -Infinity;
    if (time < last) {
      this.#moments = [];
      this.#now = undefined;
    }
    if (time === last) return;
    this.#before = this.#now;
    this.#now = stats;
    const first = this.#moments.findIndex((moment) => moment.time >= time - HISTORY_SECONDS);
    this.#moments = first < 0 ? [] : this.#moments.slice(first);
    this.#moments.push({
      time,
      poolBytes: stats.zswap.pool_total_size,
      limitBytes: stats.parameters.pool_size,
      rates: pageRates(this.#before, stats),
      latency: stats.latency,
      requests: stats.nbd?.latency,
    });
  }

  /** The oldest moment that is at most so many seconds ago. */
  since(seconds: number): Moment | undefined {
    const from = (this.#now?.process.uptime_seconds ?? 0) - seconds;
    return this.#moments.find((moment) => moment.time >= from);
  }
}
