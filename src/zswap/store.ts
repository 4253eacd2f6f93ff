/**
 * Store: a page into the pool. Three sections: admit (may it come in, and to which pool), compress,
 * commit. Between them others may run; nothing of the new page is visible before commit, and commit
 * gives the slot its new entry and drops what backed it before in one go.
 *
 * @see mm/zswap.c zswap_store, zswap_store_page, zswap_compress
 */
import { assert } from '../std/assert.ts';
import { ENOSPC, OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { COMPRESS_FAILED, INCOMPRESSIBLE, type CodecLane } from '../codec/codec.ts';
import type { Memcg } from '../memcg/memcg.ts';
import { noteListed } from '../memcg/shrinker-policy.ts';
import type { Task } from '../rt/rt.ts';
import type { SwapSlot } from '../swap/table.ts';
import { entryOwner } from './entry.ts';
import type { ZswapPool } from './pool.ts';
import type { RoomWaiter } from './shrink/shrink.ts';
import type { RejectReason } from './stats.ts';
import type { Zswap } from './zswap.ts';

/**
 * How far a store is. `rejected`: nothing changed, `op.reason` says why, and the page is in
 * `op.page`. `waiting`: the task has been parked and calls {@link storePage} again when resumed.
 */
export type StoreResult = 'stored' | 'rejected' | 'waiting';

type StoreStage = 'admit' | 'shrink' | 'lane' | 'admitted' | 'compressed' | 'commit';

/** One store under way, preallocated in the request that it belongs to. */
export class StoreOp implements RoomWaiter {
  /** The page: 4096 bytes of the caller's, or of this record once the store has had to wait. */
  page: Uint8Array = EMPTY;
  slot: SwapSlot = 0 as SwapSlot;
  reason: RejectReason = 'disabled';
  stage: StoreStage = 'admit';
  memcg: Memcg | undefined;
  pool: ZswapPool | undefined;
  lane: CodecLane | undefined;
  length = 0;
  /** Entries that the batch has written which this store has waited for at its group's limit. */
  batchWritten = 0;
  #own: Uint8Array | undefined;

  /** Readies the record for a page. */
  begin(slot: SwapSlot, memcg: Memcg, page: Uint8Array): void {
    assert(this.stage === 'admit' && page.length === PAGE_SIZE);
    this.slot = slot;
    this.memcg = memcg;
    this.page = page;
  }

  /**
   * Copies the page to memory of the record's own: the caller's may be a staging place that others
   * use while this store waits.
   */
  keepPage(): void {
    if (this.page === this.#own) return;
    this.#own ??= new Uint8Array(PAGE_SIZE);
    this.#own.set(this.page);
    this.page = this.#own;
  }
}

const EMPTY = new Uint8Array(0);

/**
 * Runs a store as far as it goes. The slot keeps its older backing unless the result is `stored`.
 *
 * @param task - parked when the result is `waiting`
 * @remarks Locks: the caller owns the slot. Waits: for a lane; and wherever the runtime says.
 */
export function storePage(zswap: Zswap, op: StoreOp, task: Task): StoreResult {
  const memcg = op.memcg;
  assert(memcg !== undefined);
  if (op.stage === 'admit' && zswap.params.enabled && !memcg.mayZswap()) {
    if (!zswap.shrinker.makeRoom(memcg, task, op)) return reject(zswap, op, 'memcg_limit');
    op.stage = 'shrink';
    return wait(op);
  }
  if (op.stage === 'admit' || op.stage === 'shrink') {
    // As in the kernel, who has waited for room does not look at the limit again: one page over it
    // is better than one page after the other to the device.
    const noRoom = op.stage === 'shrink' && op.batchWritten === 0;
    const reason = noRoom ? 'memcg_limit' : admit(zswap, op, memcg);
    if (reason !== undefined) return reject(zswap, op, reason);
    op.lane = op.pool?.lanes.take(task);
    op.stage = op.lane === undefined ? 'lane' : 'admitted';
    if (op.lane === undefined) return wait(op);
    if (zswap.rt.point('zswap.store.admitted', task)) return wait(op);
  } else if (op.stage === 'lane') {
    op.lane = op.pool?.lanes.takePromised();
    op.stage = 'admitted';
  }
  assert(op.lane !== undefined);
  const isTimed = zswap.storeTimes.begin();
  if (op.stage === 'admitted') {
    op.length = op.lane.compress(op.page);
    op.stage = 'compressed';
    if (zswap.rt.point('zswap.store.compressed', task)) return wait(op);
  }
  // The group may have gone offline meanwhile: then the page is its parent's.
  const reason = commit(zswap, op, zswap.memcgs.living(memcg), op.lane);
  op.pool?.lanes.put(op.lane);
  if (reason !== undefined) return reject(zswap, op, reason);
  finish(zswap, op);
  zswap.storeTimes.end(isTimed);
  return 'stored';
}

/** Counts pages that have been stored, once their whole folio has been. */
export function countStored(zswap: Zswap, memcg: Memcg, pages: number): void {
  zswap.swap.vmstat.zswpout += pages;
  memcg.events.zswpout += pages;
}

function wait(op: StoreOp): StoreResult {
  op.keepPage();
  return 'waiting';
}

/** Decides whether the page may come in; takes a reference on its pool if so. */
function admit(zswap: Zswap, op: StoreOp, memcg: Memcg): RejectReason | undefined {
  if (!zswap.params.enabled) return 'disabled';
  if (zswap.checkLimits()) return 'pool_limit';
  op.pool = zswap.poolFor(memcg);
  if (op.pool === undefined) return 'no_pool';
  op.pool.references += 1;
  return undefined;
}

/** Places the compressed bytes and makes the entry the slot's. */
function commit(
  zswap: Zswap,
  op: StoreOp,
  memcg: Memcg,
  lane: CodecLane,
): RejectReason | undefined {
  const pool = op.pool;
  assert(pool !== undefined);
  const failed = op.length === COMPRESS_FAILED;
  const raw = failed || op.length === INCOMPRESSIBLE;
  // Kept raw, an incompressible page keeps its place in the LRU order of what goes to the device;
  // a group whose pages never go there would only pin full pages for no gain.
  if (raw && !memcg.writebackEnabled()) {
    return failed ? 'reject_compress_fail' : 'reject_compress_poor';
  }
  const length = raw ? PAGE_SIZE : op.length;
  const index = zswap.entries.allocate();
  if (index === 0) return 'reject_kmemcache_fail';
  const status = pool.zpool.malloc(index, length);
  if (status !== OK) {
    zswap.entries.free(index);
    return status === ENOSPC ? 'reject_compress_poor' : 'reject_alloc_fail';
  }
  pool.zpool.write(index, raw ? op.page : lane.window.of(length));
  zswap.entries.fill(index, op.slot, length, entryOwner(pool.id, memcg.id));
  zswap.swap.setEntry(op.slot, index);
  pool.references += 1;
  memcg.charge(length);
  zswap.stats.stored_pages += 1;
  if (raw) zswap.stats.stored_incompressible_pages += 1;
  // Last: being on the LRU is what makes an entry visible to writeback.
  zswap.lru.add(memcg.id, index);
  noteListed(memcg, zswap.lru.lengthOf(memcg.id));
  return undefined;
}

function reject(zswap: Zswap, op: StoreOp, reason: RejectReason): StoreResult {
  zswap.stats.rejects[reason] += 1;
  const { trace } = zswap;
  if (trace.reject.hasSubscribers) {
    trace.reject.publish({ group: op.memcg?.name ?? '', reason });
  }
  if (zswap.reachedFull) zswap.shrinkFullPool();
  op.reason = reason;
  finish(zswap, op);
  return 'rejected';
}

function finish(zswap: Zswap, op: StoreOp): void {
  if (op.pool !== undefined) zswap.pools.put(op.pool);
  op.pool = undefined;
  op.lane = undefined;
  op.stage = 'admit';
}
