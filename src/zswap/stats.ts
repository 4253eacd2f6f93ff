/**
 * The counters of zswap: the kernel's debugfs names, and one counter for each reason of rejection.
 */

/**
 * Why a page was refused. Each refused page has exactly one reason. The first four are this
 * project's, the rest the kernel's debugfs counters.
 */
export const REJECT_REASONS = [
  'disabled',
  'memcg_limit',
  'pool_limit',
  'no_pool',
  'reject_compress_poor',
  'reject_compress_fail',
  'reject_alloc_fail',
  'reject_kmemcache_fail',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

export interface ZswapStats {
  /** Entries now. */
  stored_pages: number;
  /** Entries kept raw, 4096 bytes, now. */
  stored_incompressible_pages: number;
  /** Pages written back from the pool. */
  written_back_pages: number;
  /** Times the pool was found at its limit. */
  pool_limit_hit: number;
  /** Writeback attempts that did not succeed; the kernel's historical name. */
  reject_reclaim_fail: number;
  /** Entries that could not be decompressed. */
  decompress_fail: number;
  /** Pages refused, by reason. */
  readonly rejects: Record<RejectReason, number>;
}

export function createZswapStats(): ZswapStats {
  return {
    stored_pages: 0,
    stored_incompressible_pages: 0,
    written_back_pages: 0,
    pool_limit_hit: 0,
    reject_reclaim_fail: 0,
    decompress_fail: 0,
    rejects: {
      disabled: 0,
      memcg_limit: 0,
      pool_limit: 0,
      no_pool: 0,
      reject_compress_poor: 0,
      reject_compress_fail: 0,
      reject_alloc_fail: 0,
      reject_kmemcache_fail: 0,
    },
  };
}
