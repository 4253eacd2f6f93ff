/**
 * The shrink worker: when the pool has reached its limit, it goes round the groups in batches until
 * the pool is at the accept threshold, or too much has failed. It is one of a kind, and a store
 * that finds the pool full only sets it going: nobody waits for it.
 *
 * Failures count over the whole run. A batch that only gave second chances is one: so a pool of
 * fresh entries ends a run early, with their bits cleared, and the next refused store goes on.
 *
 * @see mm/zswap.c shrink_worker
 */
import { MemcgCursor } from '../../memcg/cursor.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { Task } from '../../rt/rt.ts';
import { RECLAIM_RETRIES_MAX, SHRINK_SCAN, mayShrink } from './shrink.ts';
import { Writeback } from '../writeback.ts';
import type { Zswap } from '../zswap.ts';

/** Moves of compaction after each batch: about as many as objects have gone. */
const COMPACT_MOVES = 64;

export class ShrinkWorker implements Task {
  readonly #zswap: Zswap;
  readonly #cursor: MemcgCursor;
  readonly #writeback: Writeback;
  #running = false;
  #failures = 0;
  /** Groups of this round that had something to shrink. */
  #attempts = 0;

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
    this.#cursor = new MemcgCursor(zswap.memcgs);
    this.#writeback = new Writeback(zswap);
    this.#writeback.onEnd = () => this.#ended();
  }

  get running(): boolean {
    return this.#running;
  }

  /** Sets the worker going unless it is. */
  queue(): void {
    if (this.#running || this.#zswap.swap.backing === undefined) return;
    this.#running = true;
    this.#failures = 0;
    this.#attempts = 0;
    this.#zswap.rt.yieldTask(this);
  }

  /** A group is going offline: the cursor must not stay on it. */
  leave(memcg: Memcg): void {
    this.#cursor.leave(memcg);
  }

  /** One step: one batch of the next group. */
  resume(): void {
    const { pools, params, rt } = this.#zswap;
    const enough = pools.totalPages() <= params.acceptThresholdPages();
    if (enough || this.#failures >= RECLAIM_RETRIES_MAX) {
      this.#running = false;
      return;
    }
    const memcg = this.#cursor.next();
    if (memcg === undefined) {
      if (this.#attempts === 0) this.#failures += 1;
      this.#attempts = 0;
    } else if (mayShrink(this.#zswap, memcg)) {
      this.#attempts += 1;
      if (!this.#writeback.begin(memcg, SHRINK_SCAN)) return;
      this.#count();
    }
    rt.yieldTask(this);
  }

  #ended(): void {
    this.#count();
    // Entries go from here and there: without moving the rest together hardly a page comes free.
    for (const pool of this.#zswap.pools.pools()) pool.zpool.compact(COMPACT_MOVES);
    this.#zswap.rt.yieldTask(this);
  }

  #count(): void {
    if (this.#writeback.written === 0) this.#failures += 1;
  }
}
