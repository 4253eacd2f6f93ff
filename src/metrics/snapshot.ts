/**
 * The statistics of a running daemon as one plain object: what `/api/stats` and `zswapd stat
 * --json` print, and what the Prometheus text is made from. Names are the kernel's (debugfs,
 * vmstat, cgroup files), so every guide to zswap applies. A snapshot is taken in one section and
 * never changes.
 */
import type { SwapEvents as SwapEventCounts } from '../memcg/events.ts';
import type { ShrinkerPolicy } from '../memcg/shrinker-policy.ts';
import type { HistogramReading } from '../std/log-histogram.ts';
import type { RejectReason } from '../zswap/stats.ts';

export { SWAP_EVENTS } from '../memcg/events.ts';
export type { RejectReason } from '../zswap/stats.ts';

/** debugfs `/sys/kernel/debug/zswap/`. Counters count since start; the rest is a state. */
export interface ZswapStats {
  /** Entries now. */
  readonly stored_pages: number;
  /** Entries now that are kept as they are because they do not compress. */
  readonly stored_incompressible_pages: number;
  /** Bytes of the allocator's pages. */
  readonly pool_total_size: number;
  readonly written_back_pages: number;
  readonly pool_limit_hit: number;
  readonly reject_compress_poor: number;
  readonly reject_compress_fail: number;
  readonly reject_alloc_fail: number;
  readonly reject_kmemcache_fail: number;
  /** Candidates whose writeback failed, as in the kernel: not refused pages. */
  readonly reject_reclaim_fail: number;
  readonly decompress_fail: number;
}

/** The events of `/proc/vmstat`, in pages. The same set is counted for each export. */
export type SwapEvents = Readonly<SwapEventCounts>;

/** What is in force, by the names of `/sys/module/zswap/parameters`, and three of our own. */
export interface ParameterStats {
  readonly enabled: boolean;
  /** `NAME` or `NAME:LEVEL`. */
  readonly compressor: string;
  /** Percent of the machine's memory; in force unless the limit was given in bytes. */
  readonly max_pool_percent: number;
  readonly accept_threshold_percent: number;
  readonly shrinker_enabled: boolean;
  /** What the shrinker takes for warm. */
  readonly shrinker_policy: ShrinkerPolicy;
  readonly zpool: string;
  /** The pool's limit that is in force, in bytes. */
  readonly pool_size: number;
}

/** One export's memory control group. */
export interface MemcgStats extends SwapEvents {
  /** Compressed bytes it holds. */
  readonly 'memory.zswap.current': number;
  /** Compressed bytes it may hold; `max` is no limit, as in the cgroup file. */
  readonly 'memory.zswap.max': number | 'max';
  /** 1 if its pages may go to the device. */
  readonly 'memory.zswap.writeback': 0 | 1;
  /** Uncompressed bytes of what it holds, as in `memory.stat`. */
  readonly zswapped: number;
}

/**
 * One size class of zsmalloc, as a line of the kernel's debugfs file `zsmalloc/<pool>/classes`;
 * summed up where pools of several compressors are in use.
 */
export interface SizeClassRow {
  /** Bytes of a slot. */
  readonly size: number;
  /** Zspages by fullness group: empty, ten steps of ten per cent (the last without 100), full. */
  readonly zspages: readonly number[];
  /** Slots, free ones included. */
  readonly obj_allocated: number;
  readonly obj_used: number;
  readonly pages_used: number;
  readonly pages_per_zspage: number;
  /** Pages that compaction can free. */
  readonly freeable: number;
}

/** How long ago stored pages joined the LRU: were stored, or were passed over and joined anew. */
export interface LruStats {
  /** Pages that were looked at: one in 64, and fewer of very many. */
  readonly sampled_pages: number;
  /** Age of the oldest page in the sample; 0 without a sample. */
  readonly oldest_seconds: number;
  /** The same by export, of those that have pages in the sample. */
  readonly export_oldest_seconds: Readonly<Record<string, number>>;
  /** Sampled pages by age: up to 1 s, 2 s, 4 s, and so on; the last has no upper bound. */
  readonly age_pages: readonly number[];
}

/** Durations since start. */
export interface LatencyStats {
  /** Compressing a page and placing it in the pool; one page in 256 is timed. */
  readonly store: HistogramReading;
  /** Decompressing a page; one page in 256 is timed. */
  readonly load: HistogramReading;
}

/** What the NBD server has done since start. */
export interface NbdStats {
  /** Open connections. */
  readonly connections: number;
  readonly connections_accepted: number;
  readonly connections_refused: number;
  readonly connections_dropped: number;
  /** Requests by command. */
  readonly requests: Readonly<Record<NbdCommand, number>>;
  /** Bytes that requests asked for, by command. */
  readonly bytes: Readonly<Record<NbdDataCommand, number>>;
  /** Replies that carried an error. */
  readonly errors: number;
  /** From a request's arrival to its reply, by command. */
  readonly latency: Readonly<Record<NbdTimedCommand, HistogramReading>>;
}

export type NbdDataCommand = 'read' | 'write' | 'trim' | 'write_zeroes';
export type NbdTimedCommand = NbdDataCommand | 'flush';
export type NbdCommand = NbdTimedCommand | 'block_status';

export interface ProcessStats {
  /** Resident bytes of the process. */
  readonly rss: number;
  /** Everything the engine holds beside compressed data, in bytes. */
  readonly metadata_bytes: number;
  readonly uptime_seconds: number;
}

/** The backing swap device. */
export interface SpillStats {
  readonly path: string;
  readonly size_bytes: number;
  /** Bytes of pages that are in use. */
  readonly used_bytes: number;
  /** Bytes of storage really held; larger than `used_bytes` until holes are punched. */
  readonly held_bytes: number;
  /** True if it bypasses the page cache. Otherwise spilling frees less memory than it seems. */
  readonly direct: boolean;
  /** False once a write has failed and none has succeeded since. */
  readonly writable: boolean;
  /** Reads and writes that it refused. */
  readonly io_errors: number;
  /** Pages read that were not what was written there; their readers got an error. */
  readonly checksum_errors: number;
}

export interface StatsSnapshot {
  readonly zswap: ZswapStats;
  /** Each refused page is counted once, under its one reason. */
  readonly rejects: Readonly<Record<RejectReason, number>>;
  readonly vmstat: SwapEvents;
  readonly parameters: ParameterStats;
  /** By export name. */
  readonly memcg: Readonly<Record<string, MemcgStats>>;
  readonly process: ProcessStats;
  /** Smallest first, only those in use; empty with another allocator than zsmalloc. */
  readonly size_classes: readonly SizeClassRow[];
  readonly lru: LruStats;
  readonly latency: LatencyStats;
  /** Absent where no NBD server runs. */
  readonly nbd?: NbdStats;
  /** Absent without a spill device. */
  readonly spill?: SpillStats;
}
