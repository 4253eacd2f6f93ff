/** The statistics of the pool and the device, as every front end shows them. */
import type { StatsSnapshot } from '../metrics/snapshot.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { EngineStack } from './stack.ts';

/** The part of a snapshot that is the same for all front ends. */
export type PoolSnapshot = Pick<
  StatsSnapshot,
  'zswap' | 'rejects' | 'vmstat' | 'parameters' | 'spill'
>;

/** Taken in one section; it never changes. */
export function poolSnapshot(stack: EngineStack): PoolSnapshot {
  const { zswap, params, swap } = stack;
  const { rejects, ...counters } = zswap.stats;
  const { backing } = swap;
  return {
    zswap: {
      ...counters,
      pool_total_size: zswap.poolTotalSize,
      reject_compress_poor: rejects.reject_compress_poor,
      reject_compress_fail: rejects.reject_compress_fail,
      reject_alloc_fail: rejects.reject_alloc_fail,
      reject_kmemcache_fail: rejects.reject_kmemcache_fail,
    },
    rejects: { ...rejects },
    vmstat: { ...swap.vmstat },
    parameters: {
      enabled: params.enabled,
      compressor: stack.compressor,
      max_pool_percent: params.maxPoolPercent,
      accept_threshold_percent: params.acceptThresholdPercent,
      shrinker_enabled: params.shrinkerEnabled,
      shrinker_policy: params.shrinkerPolicy,
      zpool: stack.zpool,
      pool_size: params.maxPages() * PAGE_SIZE,
    },
    ...(backing === undefined
      ? {}
      : {
          spill: {
            path: backing.device.name,
            size_bytes: backing.pageCount * PAGE_SIZE,
            used_bytes: backing.usedPages * PAGE_SIZE,
            held_bytes: backing.device.heldBytes(),
            direct: backing.device.direct,
            writable: backing.writable,
            io_errors: backing.ioErrors,
            checksum_errors: backing.checksumErrors,
          },
        }),
  };
}
