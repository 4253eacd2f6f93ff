/**
 * The compressed swap cache: its pools, entries, LRU, parameters and counters. What it does lies in
 * one file for each verb: store, load, invalidate.
 *
 * @see mm/zswap.c
 */
import { assert } from '../std/assert.ts';
import { SILENT, type Tracepoint } from '../std/tracepoint.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Rt } from '../rt/rt.ts';
import type { Codec } from '../codec/codec.ts';
import { SampledTimer } from '../rt/sampled-timer.ts';
import { ListAges } from '../memcg/list-ages.ts';
import { ListLru } from '../memcg/list-lru.ts';
import type { Memcg, MemcgOfflineHook, MemcgTree } from '../memcg/memcg.ts';
import { PressureShrinker } from '../memcg/shrinker.ts';
import type { Swap } from '../swap/info.ts';
import { PoolAccount } from '../zpool/pool-account.ts';
import type { HandleCells, Zpool } from '../zpool/zpool.ts';
import { Compactor } from './compactor.ts';
import { DynamicShrinker } from './shrink/dynamic-shrinker.ts';
import { EntryTable } from './entry.ts';
import { InvalidateHook } from './invalidate.ts';
import type { ZswapParams } from './params.ts';
import { PoolList, type ZswapPool } from './pool.ts';
import { ShrinkWorker } from './shrink/shrink-worker.ts';
import { Shrinker } from './shrink/shrink.ts';
import { createZswapStats, type RejectReason, type ZswapStats } from './stats.ts';

/** Makes an allocator that keeps the places of its objects in the given cells. */
export type CreateZpool = (cells: HandleCells) => Zpool;

/** A run of pages has been written back to the device. */
export interface WritebackEvent {
  readonly group: string;
  readonly pages: number;
}

/** A page was refused. */
export interface RejectEvent {
  readonly group: string;
  readonly reason: RejectReason;
}

/** Where events of the pool go. */
export interface ZswapTrace {
  readonly writeback: Tracepoint<WritebackEvent>;
  readonly reject: Tracepoint<RejectEvent>;
}

export interface ZswapOptions {
  readonly rt: Rt;
  readonly swap: Swap;
  readonly memcgs: MemcgTree;
  readonly params: ZswapParams;
  /** Entries at most; the default is the most an index can name. */
  readonly entryLimit?: number;
  /** Entries that must have gone before compaction begins; see {@link Compactor}. */
  readonly compactAfterEntries?: number;
  /** Who else has pages under the same limit; that of the pools' arena. Default: nobody. */
  readonly account?: PoolAccount;
  /** The worker writes back because the limit is reached: those who share it should, too. */
  readonly onShrink?: () => void;
  readonly trace?: ZswapTrace;
}

export class Zswap implements MemcgOfflineHook {
  readonly rt: Rt;
  readonly swap: Swap;
  readonly memcgs: MemcgTree;
  readonly params: ZswapParams;
  readonly stats: ZswapStats = createZswapStats();
  readonly trace: ZswapTrace;
  readonly entries: EntryTable;
  readonly lru: ListLru;
  /** How long ago entries joined the LRU. */
  readonly lruAges: ListAges;
  /** How long a page takes to be compressed and placed, and to be decompressed. */
  readonly storeTimes: SampledTimer;
  readonly loadTimes: SampledTimer;
  readonly pools: PoolList;
  readonly compactor: Compactor;
  readonly shrinker: Shrinker;
  readonly shrinkWorker: ShrinkWorker;
  /** What memory pressure from outside acts on. */
  readonly pressureShrinker: PressureShrinker;
  readonly #groupPools = new Map<Memcg, ZswapPool>();
  readonly #account: PoolAccount;
  readonly #onShrink: () => void;

  constructor(options: ZswapOptions) {
    this.rt = options.rt;
    this.swap = options.swap;
    this.memcgs = options.memcgs;
    this.params = options.params;
    this.trace = options.trace ?? { writeback: SILENT, reject: SILENT };
    this.#account = options.account ?? new PoolAccount();
    this.#onShrink = options.onShrink ?? ((): void => {});
    this.entries = new EntryTable(options.entryLimit);
    this.lruAges = new ListAges(options.rt);
    this.lru = new ListLru(this.entries, this.lruAges);
    this.storeTimes = new SampledTimer(options.rt);
    this.loadTimes = new SampledTimer(options.rt);
    this.pools = new PoolList(options.rt);
    this.compactor = new Compactor(options.rt, this.pools, options.compactAfterEntries);
    this.shrinker = new Shrinker(this);
    this.shrinkWorker = new ShrinkWorker(this);
    this.pressureShrinker = new PressureShrinker(new DynamicShrinker(this));
    options.memcgs.registerOfflineHook(this);
    options.swap.registerSlotFreeHook(new InvalidateHook(this));
  }

  /** `pool_total_size`: bytes of the allocators' pages, free space inside them included. */
  get poolTotalSize(): number {
    return this.pools.totalPages() * PAGE_SIZE;
  }

  get metadataBytes(): number {
    let bytes = this.entries.metadataBytes + this.lruAges.metadataBytes;
    for (const pool of this.pools.pools()) bytes += pool.zpool.metadataBytes;
    return bytes;
  }

  /** True between the pool's reaching its limit and its being at the accept threshold again. */
  get reachedFull(): boolean {
    return this.#account.reachedFull;
  }

  /** Pages under the limit: of these pools, and of others that share it. */
  totalPages(): number {
    return this.pools.totalPages() + this.#account.othersPages();
  }

  /** Makes this compressor and allocator the ones for new pages. What is stored stays as it is. */
  setCurrentPool(codec: Codec, zpoolName: string, createZpool: CreateZpool): void {
    this.pools.setCurrent(this.pools.find(codec, zpoolName, () => createZpool(this.entries)));
  }

  /** Gives one group a compressor of its own. */
  setGroupPool(group: Memcg, codec: Codec, zpoolName: string, createZpool: CreateZpool): void {
    const pool = this.pools.find(codec, zpoolName, () => createZpool(this.entries));
    pool.references += 1;
    this.clearGroupPool(group);
    this.#groupPools.set(group, pool);
  }

  /** Lets a group use the current pool again. */
  clearGroupPool(group: Memcg): void {
    const pool = this.#groupPools.get(group);
    if (pool === undefined) return;
    this.#groupPools.delete(group);
    this.pools.put(pool);
  }

  /**
   * A group goes away: the worker leaves it first, then its entries become its parent's to shrink,
   * and the first to go.
   *
   * @see mm/zswap.c zswap_memcg_offline_cleanup
   */
  groupOffline(group: Memcg, parent: Memcg): void {
    this.shrinkWorker.leave(group);
    this.lru.reparent(group.id, parent.id);
    this.pressureShrinker.reparent(group, parent);
    this.shrinker.forget(group);
    this.clearGroupPool(group);
  }

  /** The pool for a new page of a group. */
  poolFor(group: Memcg): ZswapPool | undefined {
    return this.#groupPools.get(group) ?? this.pools.current;
  }

  /**
   * Says whether the pool is full, with the kernel's hysteresis: full from the limit on, until it
   * is at or below the accept threshold.
   *
   * @see mm/zswap.c zswap_check_limits
   */
  checkLimits(): boolean {
    const pages = this.totalPages();
    const account = this.#account;
    if (pages >= this.params.maxPages()) {
      this.stats.pool_limit_hit += 1;
      account.reachedFull = true;
    } else if (account.reachedFull && pages <= this.params.acceptThresholdPages()) {
      account.reachedFull = false;
    }
    return account.reachedFull;
  }

  /** Has cold pages written back until the pool is at its accept threshold, here and by sharers. */
  shrinkFullPool(): void {
    if (this.shrinkWorker.queue()) this.#onShrink();
  }

  /** Ends the use of the engine's own pool references; nothing may be stored any more. */
  assertDrained(): void {
    assert(this.entries.length === 0 && this.stats.stored_pages === 0);
    assert(this.lru.length === 0);
    assert(this.stats.stored_incompressible_pages === 0);
  }
}
