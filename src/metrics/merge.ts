/** The statistics of several engines under one limit (shards) as those of one. */
import { present } from '../std/assert.ts';
import type { HistogramReading } from '../std/log-histogram.ts';
import type { LruStats, NbdStats, SizeClassRow, SpillStats, StatsSnapshot } from './snapshot.ts';

/** Numbers under names: what is counted. */
type Counts<K extends string> = Readonly<Record<K, number>>;

/**
 * Sums up what is counted and held, and joins what belongs to one export. Parameters, and what is
 * the process's, are the same for all and taken from the first.
 *
 * @param snapshots - at least one; with different exports
 */
export function mergeSnapshots(snapshots: readonly StatsSnapshot[]): StatsSnapshot {
  const first = present(snapshots[0]);
  const spills = snapshots.flatMap(({ spill }) => (spill === undefined ? [] : [spill]));
  const nbds = snapshots.flatMap(({ nbd }) => (nbd === undefined ? [] : [nbd]));
  return {
    zswap: sum(snapshots.map(({ zswap }) => zswap)),
    rejects: sum(snapshots.map(({ rejects }) => rejects)),
    vmstat: sum(snapshots.map(({ vmstat }) => vmstat)),
    parameters: first.parameters,
    memcg: join(snapshots.map(({ memcg }) => memcg)),
    process: {
      ...first.process,
      metadata_bytes: total(snapshots.map((each) => each.process.metadata_bytes)),
    },
    size_classes: mergeSizeClasses(snapshots.flatMap((each) => each.size_classes)),
    lru: mergeLru(snapshots.map(({ lru }) => lru)),
    latency: {
      store: mergeHistograms(snapshots.map(({ latency }) => latency.store)),
      load: mergeHistograms(snapshots.map(({ latency }) => latency.load)),
    },
    ...(nbds.length === 0 ? {} : { nbd: mergeNbd(nbds) }),
    ...(spills.length === 0 ? {} : { spill: mergeSpills(spills) }),
  };
}

/** The statistics of several NBD servers as those of one; at least one. */
export function mergeNbd(stats: readonly NbdStats[]): NbdStats {
  const timed = (command: keyof NbdStats['latency']): HistogramReading =>
    mergeHistograms(stats.map(({ latency }) => latency[command]));
  return {
    connections: total(stats.map((each) => each.connections)),
    connections_accepted: total(stats.map((each) => each.connections_accepted)),
    connections_refused: total(stats.map((each) => each.connections_refused)),
    connections_dropped: total(stats.map((each) => each.connections_dropped)),
    requests: sum(stats.map(({ requests }) => requests)),
    bytes: sum(stats.map(({ bytes }) => bytes)),
    errors: total(stats.map(({ errors }) => errors)),
    latency: {
      read: timed('read'),
      write: timed('write'),
      trim: timed('trim'),
      write_zeroes: timed('write_zeroes'),
      flush: timed('flush'),
    },
  };
}

function mergeSpills(spills: readonly SpillStats[]): SpillStats {
  return {
    path: spills.map(({ path }) => path).join(', '),
    size_bytes: total(spills.map((each) => each.size_bytes)),
    used_bytes: total(spills.map((each) => each.used_bytes)),
    held_bytes: total(spills.map((each) => each.held_bytes)),
    direct: spills.every(({ direct }) => direct),
    writable: spills.every(({ writable }) => writable),
    io_errors: total(spills.map((each) => each.io_errors)),
    checksum_errors: total(spills.map((each) => each.checksum_errors)),
  };
}

function mergeLru(all: readonly LruStats[]): LruStats {
  return {
    sampled_pages: total(all.map((each) => each.sampled_pages)),
    oldest_seconds: Math.max(...all.map((each) => each.oldest_seconds)),
    export_oldest_seconds: join(all.map((each) => each.export_oldest_seconds)),
    age_pages: addUp(all.map((each) => each.age_pages)),
  };
}

/** Makes one row of those of the same class; smallest first. */
export function mergeSizeClasses(rows: readonly SizeClassRow[]): SizeClassRow[] {
  const bySize = new Map<number, SizeClassRow>();
  for (const row of rows) {
    const sum = bySize.get(row.size);
    bySize.set(row.size, sum === undefined ? row : addRows(sum, row));
  }
  return [...bySize.values()].toSorted((a, b) => a.size - b.size);
}

function addRows(a: SizeClassRow, b: SizeClassRow): SizeClassRow {
  return {
    size: a.size,
    zspages: addUp([a.zspages, b.zspages]),
    obj_allocated: a.obj_allocated + b.obj_allocated,
    obj_used: a.obj_used + b.obj_used,
    pages_used: a.pages_used + b.pages_used,
    pages_per_zspage: a.pages_per_zspage,
    freeable: a.freeable + b.freeable,
  };
}

function mergeHistograms(readings: readonly HistogramReading[]): HistogramReading {
  return {
    count: total(readings.map(({ count }) => count)),
    sum_seconds: total(readings.map((each) => each.sum_seconds)),
    buckets: addUp(readings.map(({ buckets }) => buckets)),
  };
}

/** Joins what is under different names; `__proto__` is a name like any other. */
function join<T>(parts: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  return Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** Adds up columns of the same length. */
function addUp(columns: readonly (readonly number[])[]): number[] {
  const [first = [], ...rest] = columns;
  return first.map((number, index) => number + total(rest.map((each) => each[index] ?? 0)));
}

/** Adds up what is counted under the same names. */
function sum<K extends string>(counts: readonly Counts<K>[]): Counts<K> {
  const names = Object.keys(present(counts[0])) as K[];
  return Object.fromEntries(
    names.map((name) => [name, total(counts.map((each) => each[name]))]),
  ) as Counts<K>;
}
