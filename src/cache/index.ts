/**
 * The public face of `zswapd/cache`: a cache from keys to bytes whose limit counts all the RAM that
 * it takes.
 */
export { Cache, CACHE_BYTES_MIN, openCacheOn } from './cache.ts';
export type { CacheLimits, CacheMemoryUsage, CacheStats, GetOptions, SetOptions } from './cache.ts';
export type { DroppedEntry, DropListener, DropReason } from './drop.ts';
export { openCache, OPEN_BYTES_MIN, OPEN_BYTES_MIN_SPILL } from './open.ts';
export type { CacheSpill, OpenCacheOptions } from './open.ts';
export { KEY_BYTES_MAX } from './lookup/key.ts';
export type { CacheKey } from './lookup/key.ts';
export type { CacheHost, CacheMemory, WriteResult } from './space/memory.ts';
export { VALUE_BYTES_MAX } from './store-options.ts';
export type { GetResult, SetResult } from './store-options.ts';
