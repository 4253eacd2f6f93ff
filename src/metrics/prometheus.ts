/**
 * The statistics in Prometheus' text format, version 0.0.4: base units, `_total` for counters, one
 * label `export` for what is counted by tenant. Export names are few and chosen by the operator, so
 * the label is bounded.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { counter, formatFamily, gauge, histogram, type Family, type Sample } from './exposition.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { SWAP_EVENTS, type MemcgStats, type SizeClassRow, type StatsSnapshot } from './snapshot.ts';

/** Facts that are not the engine's. */
export interface ServiceFacts {
  readonly version: string;
  readonly nodeVersion: string;
}

function zswapFamilies({ zswap, rejects, vmstat }: StatsSnapshot): Family[] {
  return [
    gauge('pool_bytes', "Bytes of the allocator's pages (pool_total_size).", zswap.pool_total_size),
    gauge('stored_pages', 'Pages stored compressed.', zswap.stored_pages),
    gauge(
      'stored_incompressible_pages',
      'Pages stored as they are because they do not compress.',
      zswap.stored_incompressible_pages,
    ),
    counter(
      'written_back_pages_total',
      'Stored pages written to the device.',
      zswap.written_back_pages,
    ),
    counter('pool_limit_hit_total', 'Times the pool was at its limit.', zswap.pool_limit_hit),
    counter(
      'writeback_failures_total',
      'Pages whose writeback failed (reject_reclaim_fail).',
      zswap.reject_reclaim_fail,
    ),
    counter('decompress_failures_total', 'Failed decompressions.', zswap.decompress_fail),
    counter(
      'rejects_total',
      'Pages that zswap refused, by reason.',
      ...Object.entries(rejects).map(([reason, value]) => ({
        labels: { reason: reason.replace(/^reject_/, '') },
        value,
      })),
    ),
    counter(
      'events_total',
      'Pages moved, by the event names of vmstat.',
      ...SWAP_EVENTS.map((event) => ({ labels: { event }, value: vmstat[event] })),
    ),
  ];
}

function parameterFamilies({ parameters }: StatsSnapshot): Family[] {
  return [
    gauge('pool_limit_bytes', "The pool's limit.", parameters.pool_size),
    gauge(
      'accept_threshold_ratio',
      'A full pool takes pages again below this share of its limit.',
      parameters.accept_threshold_percent / 100,
    ),
    gauge('enabled', '1 if new pages are stored compressed.', Number(parameters.enabled)),
    gauge('shrinker_enabled', '1 if the shrinker is on.', Number(parameters.shrinker_enabled)),
    gauge('compressor_info', 'The compressor and allocator in force.', {
      labels: { compressor: parameters.compressor, zpool: parameters.zpool },
      value: 1,
    }),
  ];
}

function exportFamilies({ memcg }: StatsSnapshot): Family[] {
  const exports = Object.entries(memcg);
  const each = (value: (stats: MemcgStats) => number): Sample[] =>
    exports.map(([name, stats]) => ({ labels: { export: name }, value: value(stats) }));
  return [
    gauge(
      'export_compressed_bytes',
      'Compressed bytes an export holds (memory.zswap.current).',
      ...each((stats) => stats['memory.zswap.current']),
    ),
    gauge(
      'export_limit_bytes',
      'Compressed bytes an export may hold (memory.zswap.max).',
      ...each((stats) => {
        const max = stats['memory.zswap.max'];
        return max === 'max' ? Number.POSITIVE_INFINITY : max;
      }),
    ),
    gauge(
      'export_writeback_enabled',
      '1 if pages of an export may go to the device (memory.zswap.writeback).',
      ...each((stats) => stats['memory.zswap.writeback']),
    ),
    gauge(
      'export_stored_bytes',
      'Uncompressed bytes of what an export holds compressed (zswapped).',
      ...each((stats) => stats.zswapped),
    ),
    counter(
      'export_events_total',
      'Pages of an export moved, by the event names of vmstat.',
      ...exports.flatMap(([name, stats]) =>
        SWAP_EVENTS.map((event) => ({ labels: { export: name, event }, value: stats[event] })),
      ),
    ),
  ];
}

function spillFamilies({ spill }: StatsSnapshot): Family[] {
  if (spill === undefined) return [];
  return [
    gauge('spill_size_bytes', 'Size of the backing swap device.', spill.size_bytes),
    gauge('spill_used_bytes', 'Bytes of device pages in use.', spill.used_bytes),
    gauge('spill_held_bytes', 'Bytes of storage really held.', spill.held_bytes),
    gauge('spill_writable', '0 since a write has failed.', Number(spill.writable)),
    gauge('spill_direct', '1 if the page cache is bypassed.', Number(spill.direct)),
    counter('spill_io_errors_total', 'Reads and writes the device refused.', spill.io_errors),
    counter(
      'spill_checksum_errors_total',
      'Pages read that were not what was written.',
      spill.checksum_errors,
    ),
  ];
}

function nbdFamilies({ nbd }: StatsSnapshot): Family[] {
  if (nbd === undefined) return [];
  const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
  return [
    gauge('nbd_connections', 'Open NBD connections.', nbd.connections),
    counter(
      'nbd_connections_total',
      'NBD connections, by what became of them: dropped ones were accepted first.',
      ...by('outcome', {
        accepted: nbd.connections_accepted,
        refused: nbd.connections_refused,
        dropped: nbd.connections_dropped,
      }),
    ),
    counter('nbd_requests_total', 'NBD requests, by command.', ...by('command', nbd.requests)),
    counter(
      'nbd_bytes_total',
      'Bytes that NBD requests asked for, by command.',
      ...by('command', nbd.bytes),
    ),
    counter('nbd_errors_total', 'NBD replies that carried an error.', nbd.errors),
    histogram(
      'nbd_request_duration_seconds',
      'Time from the arrival of an NBD request to its reply, by command.',
      ...Object.entries(nbd.latency).map(([command, reading]) => ({
        labels: { command },
        reading,
      })),
    ),
  ];
}

/** Names of the fullness groups, by the share of a zspage that is in use: up to so many percent. */
const FULLNESS_NAMES = ['0', '10', '20', '30', '40', '50', '60', '70', '80', '90', '99', '100'];

function sizeClassFamilies({ size_classes: rows }: StatsSnapshot): Family[] {
  const sum = (value: (row: SizeClassRow) => number): number =>
    rows.reduce((total, row) => total + value(row), 0);
  const samples = FULLNESS_NAMES.map((fullness, group) => ({
    labels: { fullness },
    value: sum((row) => (row.zspages[group] ?? 0) * row.pages_per_zspage) * PAGE_SIZE,
  }));
  return [
    gauge(
      'zspage_bytes',
      'Bytes of zspages, by how full they are: up to so many percent of their slots.',
      ...samples,
    ),
    gauge(
      'zspage_slot_bytes',
      'Bytes of the slots that are in use; the rest of the zspages is fragmentation.',
      sum((row) => row.obj_used * row.size),
    ),
    gauge(
      'zspage_freeable_bytes',
      'Bytes of zspages that compaction could free.',
      sum((row) => row.freeable) * PAGE_SIZE,
    ),
  ];
}

function pageFamilies({ lru, latency }: StatsSnapshot): Family[] {
  return [
    gauge(
      'lru_oldest_seconds',
      'Time since the oldest page in a sample joined the LRU.',
      lru.oldest_seconds,
    ),
    gauge(
      'export_lru_oldest_seconds',
      'The same for the pages of an export, where it has pages in the sample.',
      ...Object.entries(lru.export_oldest_seconds).map(([name, value]) => ({
        labels: { export: name },
        value,
      })),
    ),
    histogram('store_duration_seconds', 'Time to compress and place a page; one in 256 is timed.', {
      reading: latency.store,
    }),
    histogram('load_duration_seconds', 'Time to decompress a page; one in 256 is timed.', {
      reading: latency.load,
    }),
  ];
}

function serviceFamilies(stats: StatsSnapshot, facts: ServiceFacts): Family[] {
  return [
    gauge('build_info', 'Version of the program and of Node.', {
      labels: { version: facts.version, node: facts.nodeVersion },
      value: 1,
    }),
    gauge('resident_memory_bytes', 'Resident memory of the process.', stats.process.rss),
    gauge(
      'metadata_bytes',
      'Everything the engine holds beside compressed data.',
      stats.process.metadata_bytes,
    ),
    gauge('uptime_seconds', 'Time since start.', stats.process.uptime_seconds),
  ];
}

/** The whole text of `/metrics`. */
export function formatPrometheus(stats: StatsSnapshot, facts: ServiceFacts): string {
  return [
    ...serviceFamilies(stats, facts),
    ...nbdFamilies(stats),
    ...zswapFamilies(stats),
    ...sizeClassFamilies(stats),
    ...pageFamilies(stats),
    ...parameterFamilies(stats),
    ...exportFamilies(stats),
    ...spillFamilies(stats),
  ]
    .map(formatFamily)
    .join('');
}
