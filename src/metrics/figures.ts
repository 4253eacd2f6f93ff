/**
 * What people want to know and the counters do not say by themselves: rates between two snapshots,
 * ratios, sums, and points of a distribution. Pure, and without imports that need a machine, so the
 * dashboard's page runs it, too.
 */
import { logBucketSeconds, type HistogramReading } from '../std/log-histogram.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { MemcgStats, SizeClassRow, StatsSnapshot } from './snapshot.ts';

/** Pages a second, over the time between two snapshots. */
export interface PageRates {
  /** Into the pool. */
  readonly stored: number;
  /** Out of the pool, to their owner. */
  readonly loaded: number;
  /** From the pool to the device. */
  readonly writtenBack: number;
  readonly refused: number;
  /** To and from the device. */
  readonly deviceWritten: number;
  readonly deviceRead: number;
}

/** One export as a row of a table. */
export interface ExportFigures {
  readonly name: string;
  readonly storedBytes: number;
  readonly compressedBytes: number;
  /** Undefined where there is none. */
  readonly limitBytes: number | undefined;
  readonly ratio: number | undefined;
  /** Pages a second; undefined before there are two snapshots. */
  readonly stored: number | undefined;
  readonly loaded: number | undefined;
  readonly writtenBack: number | undefined;
  readonly oldestSeconds: number | undefined;
}

/** Columns of such a table, by which it can be sorted. */
export type ExportColumn = keyof ExportFigures;

/** Seconds from one snapshot to a later one; undefined if they are of two daemons. */
export function secondsBetween(before: StatsSnapshot, now: StatsSnapshot): number | undefined {
  const seconds = now.process.uptime_seconds - before.process.uptime_seconds;
  return seconds > 0 ? seconds : undefined;
}

/** Pages refused, for whatever reason. */
export function refusedPages({ rejects }: Pick<StatsSnapshot, 'rejects'>): number {
  return Object.values(rejects).reduce((sum, value) => sum + value, 0);
}

/** Uncompressed bytes of what the pool holds. */
export function storedBytes({ zswap }: Pick<StatsSnapshot, 'zswap'>): number {
  return zswap.stored_pages * PAGE_SIZE;
}

/** Stored bytes for each byte of the pool; undefined while it is empty. */
export function compressionRatio(stats: Pick<StatsSnapshot, 'zswap'>): number | undefined {
  const held = stats.zswap.pool_total_size;
  return held > 0 ? storedBytes(stats) / held : undefined;
}

/** Undefined for the first snapshot, and after the daemon was started again. */
export function pageRates(
  before: StatsSnapshot | undefined,
  now: StatsSnapshot,
): PageRates | undefined {
  const seconds = before === undefined ? undefined : secondsBetween(before, now);
  if (before === undefined || seconds === undefined) return undefined;
  const rate = (value: (of: StatsSnapshot) => number): number =>
    Math.max(0, value(now) - value(before)) / seconds;
  return {
    stored: rate(({ vmstat }) => vmstat.zswpout),
    loaded: rate(({ vmstat }) => vmstat.zswpin),
    writtenBack: rate(({ vmstat }) => vmstat.zswpwb),
    refused: rate(refusedPages),
    deviceWritten: rate(({ vmstat }) => vmstat.pswpout),
    deviceRead: rate(({ vmstat }) => vmstat.pswpin),
  };
}

/** The exports, in the order of the snapshot. */
export function exportFigures(
  before: StatsSnapshot | undefined,
  now: StatsSnapshot,
): ExportFigures[] {
  const seconds = before === undefined ? undefined : secondsBetween(before, now);
  return Object.entries(now.memcg).map(([name, of]) => {
    const earlier = before?.memcg[name];
    const rate = (value: (of: MemcgStats) => number): number | undefined =>
      earlier === undefined || seconds === undefined
        ? undefined
        : Math.max(0, value(of) - value(earlier)) / seconds;
    const current = of['memory.zswap.current'];
    const max = of['memory.zswap.max'];
    return {
      name,
      storedBytes: of.zswapped,
      compressedBytes: current,
      limitBytes: max === 'max' ? undefined : max,
      ratio: current > 0 ? of.zswapped / current : undefined,
      stored: rate(({ zswpout }) => zswpout),
      loaded: rate(({ zswpin }) => zswpin),
      writtenBack: rate(({ zswpwb }) => zswpwb),
      oldestSeconds: now.lru.export_oldest_seconds[name],
    };
  });
}

/** Sorted by a column, names upwards and figures downwards; what has none comes last. */
export function sortExports(
  rows: readonly ExportFigures[],
  column: ExportColumn,
  reversed: boolean = false,
): ExportFigures[] {
  const sign = reversed ? -1 : 1;
  return rows.toSorted((a, b) => {
    const x = a[column];
    const y = b[column];
    if (x === undefined || y === undefined)
      return Number(x === undefined) - Number(y === undefined);
    const order =
      typeof x === 'number' && typeof y === 'number'
        ? y - x
        : String(x).localeCompare(String(y), 'en');
    return sign * order;
  });
}

/** What has been counted since an earlier reading of the same histogram. */
export function readingSince(
  before: HistogramReading | undefined,
  now: HistogramReading,
): HistogramReading {
  if (before === undefined || before.count > now.count) return now;
  return {
    count: now.count - before.count,
    sum_seconds: now.sum_seconds - before.sum_seconds,
    buckets: now.buckets.map((value, bucket) => value - (before.buckets[bucket] ?? 0)),
  };
}

/**
 * The duration that a share of all does not exceed: the upper bound of the bucket that it falls
 * into, so never too small, and at most twice too large.
 *
 * @returns seconds, Infinity for the last bucket; undefined of an empty histogram
 */
export function quantileSeconds(reading: HistogramReading, share: number): number | undefined {
  if (reading.count === 0) return undefined;
  let left = Math.max(1, Math.ceil(share * reading.count));
  const bucket = reading.buckets.findIndex((value) => {
    left -= value;
    return left <= 0;
  });
  return bucket < 0 ? undefined : logBucketSeconds(bucket);
}

/** The age in seconds that a share of the sampled pages does not exceed. */
export function ageQuantileSeconds(
  { lru }: Pick<StatsSnapshot, 'lru'>,
  share: number,
): number | undefined {
  if (lru.sampled_pages === 0) return undefined;
  let left = Math.max(1, Math.ceil(share * lru.sampled_pages));
  const bucket = lru.age_pages.findIndex((value) => {
    left -= value;
    return left <= 0;
  });
  return Math.min(2 ** Math.max(0, bucket), lru.oldest_seconds);
}

/** Bytes of zspages and what becomes of them. */
export interface Fragmentation {
  /** All zspages. */
  readonly zspageBytes: number;
  /** Slots in use. */
  readonly slotBytes: number;
  /** What compaction could free. */
  readonly freeableBytes: number;
}

export function fragmentation(rows: readonly SizeClassRow[]): Fragmentation {
  let zspageBytes = 0;
  let slotBytes = 0;
  let freeableBytes = 0;
  for (const row of rows) {
    zspageBytes += row.pages_used * PAGE_SIZE;
    slotBytes += row.obj_used * row.size;
    freeableBytes += row.freeable * PAGE_SIZE;
  }
  return { zspageBytes, slotBytes, freeableBytes };
}
