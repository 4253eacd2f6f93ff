/** A snapshot in which every figure is different, so that a mix-up shows. */
import type { ServiceFacts } from '../../src/metrics/prometheus.ts';
import { LOG_BUCKETS, type HistogramReading } from '../../src/std/log-histogram.ts';
import type { MemcgStats, StatsSnapshot } from '../../src/metrics/snapshot.ts';

const MIB = 1024 * 1024;

function memcg(base: number, max: number | 'max', writeback: 0 | 1): MemcgStats {
  return {
    'memory.zswap.current': base * MIB,
    'memory.zswap.max': max,
    'memory.zswap.writeback': writeback,
    zswapped: base * 3 * MIB,
    zswpin: base + 1,
    zswpout: base + 2,
    zswpwb: base + 3,
    pswpin: base + 4,
    pswpout: base + 5,
    swpin_zero: base + 6,
    swpout_zero: base + 7,
  };
}

/** Durations of which bucket b holds b + `extra`. */
function histogram(extra: number): HistogramReading {
  const buckets = Array.from({ length: LOG_BUCKETS }, (_, bucket) => bucket + extra);
  return { count: buckets.reduce((a, b) => a + b, 0), sum_seconds: extra + 0.5, buckets };
}

export const STATS_EXAMPLE: StatsSnapshot = {
  zswap: {
    stored_pages: 76_800,
    stored_incompressible_pages: 12,
    pool_total_size: 100 * MIB,
    written_back_pages: 345,
    pool_limit_hit: 6,
    reject_compress_poor: 7,
    reject_compress_fail: 8,
    reject_alloc_fail: 9,
    reject_kmemcache_fail: 10,
    reject_reclaim_fail: 11,
    decompress_fail: 2,
  },
  rejects: {
    disabled: 0,
    memcg_limit: 21,
    pool_limit: 22,
    no_pool: 0,
    reject_compress_poor: 7,
    reject_compress_fail: 8,
    reject_alloc_fail: 9,
    reject_kmemcache_fail: 10,
  },
  vmstat: {
    zswpin: 101,
    zswpout: 102,
    zswpwb: 103,
    pswpin: 104,
    pswpout: 105,
    swpin_zero: 106,
    swpout_zero: 107,
  },
  parameters: {
    enabled: true,
    compressor: 'zstd:3',
    max_pool_percent: 20,
    accept_threshold_percent: 90,
    shrinker_enabled: false,
    shrinker_policy: 'second_chance',
    zpool: 'zsmalloc',
    pool_size: 400 * MIB,
  },
  memcg: { vm1: memcg(60, 512 * MIB, 1), vm2: memcg(40, 'max', 0) },
  process: { rss: 180 * MIB, metadata_bytes: 2.5 * MIB, uptime_seconds: 93_784.5 },
  size_classes: [
    {
      size: 1024,
      zspages: [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3],
      obj_allocated: 24,
      obj_used: 20,
      pages_used: 6,
      pages_per_zspage: 1,
      freeable: 1,
    },
    {
      size: 2720,
      zspages: [0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 5],
      obj_allocated: 27,
      obj_used: 21,
      pages_used: 18,
      pages_per_zspage: 2,
      freeable: 4,
    },
  ],
  lru: {
    sampled_pages: 60,
    oldest_seconds: 77.7,
    export_oldest_seconds: { vm1: 68, vm2: 48 },
    age_pages: [1, 2, 4, 8, 16, 20, 8, 1],
  },
  latency: { store: histogram(30), load: histogram(31) },
  nbd: {
    connections: 5,
    connections_accepted: 201,
    connections_refused: 202,
    connections_dropped: 203,
    requests: {
      read: 204,
      write: 205,
      flush: 206,
      trim: 207,
      write_zeroes: 208,
      block_status: 209,
    },
    bytes: { read: 210, write: 211, trim: 212, write_zeroes: 213 },
    errors: 214,
    latency: {
      read: histogram(32),
      write: histogram(33),
      trim: histogram(34),
      write_zeroes: histogram(35),
      flush: histogram(36),
    },
  },
  spill: {
    path: '/var/lib/zswapd/zswapd.swap',
    size_bytes: 1024 * MIB,
    used_bytes: 33 * MIB,
    held_bytes: 64 * MIB,
    direct: true,
    writable: true,
    io_errors: 2,
    checksum_errors: 1,
  },
};

export const FACTS_EXAMPLE: ServiceFacts = { version: '1.2.3', nodeVersion: 'v20.19.0' };
