/** A snapshot in which every figure is different, so that a mix-up shows. */
import type { ServiceFacts } from '../../src/metrics/prometheus.ts';
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

export const FACTS_EXAMPLE: ServiceFacts = {
  version: '1.2.3',
  nodeVersion: 'v20.19.0',
  connectionCount: 5,
  nbd: {
    connectionsAccepted: 201,
    connectionsRefused: 202,
    connectionsDropped: 203,
    reads: 204,
    writes: 205,
    flushes: 206,
    trims: 207,
    writeZeroes: 208,
    blockStatuses: 209,
    bytesRead: 210,
    bytesWritten: 211,
    bytesTrimmed: 212,
    bytesZeroed: 213,
    errors: 214,
  },
};
