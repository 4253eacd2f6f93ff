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
import { PAGE_SIZE } from '../../std/units.ts';
import {
  BATCHES_MAX,
  mayOverlap,
  mayShrink,
  pendingBytes,
  RECLAIM_RETRIES_MAX,
  SHRINK_SCAN,
} from './shrink.ts';
import { Writeback } from '../writeback.ts';
import type { Zswap } from '../zswap.ts';

/** Moves of compaction after each batch: about as many as objects have gone. */
const COMPACT_MOVES = 64;
/** Those of one turn. */
const COMPACT_SLICE_MOVES = 32;
/** Steps in one turn at most: of {@link SHRINK_SCAN} entries each, so far from a millisecond. */
const STEPS_IN_TURN = 16;

export class ShrinkWorker implements Task {
  readonly #zswap: Zswap;
  readonly #cursor: MemcgCursor;
  readonly #batches: readonly Writeback[];
  #running = false;
  /** Its turn has been asked for. */
  #due = false;
  #failures = 0;
  /** Groups of this round that had something to shrink. */
  #attempts = 0;
  /** Moves of compaction still to be made. */
  #movesDue = 0;

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
    this.#cursor = new MemcgCursor(zswap.memcgs);
    // Each has memory for what it writes, which nobody needs without a device.
    const count = zswap.swap.backing === undefined ? 0 : BATCHES_MAX;
    this.#batches = Array.from({ length: count }, () => {
      const batch = new Writeback(zswap);
      batch.onSubmit = this.#submitted;
      batch.onEnd = this.#ended;
      return batch;
    });
  }

  /** True while there is a run: its turn is still to come, or a batch is in flight. */
  get running(): boolean {
    return this.#running;
  }

  /** Sets the worker going. Returns false if it is already, or has nowhere to write to. */
  queue(): boolean {
    if (this.#running || this.#zswap.swap.backing === undefined) return false;
    this.#running = true;
    this.#failures = 0;
    this.#attempts = 0;
    this.#askForTurn();
    return true;
  }

  /** A group is going offline: the cursor must not stay on it. */
  leave(memcg: Memcg): void {
    this.#cursor.leave(memcg);
  }

  /**
   * Batches of one group after the other, until as many are in flight as may be; one takes entries
   * at a time. Those that only give second chances are short: with a turn for each, a full pool
   * would refuse what is hot for as long as it takes to look at all that is cold.
   */
  resume(): void {
    this.#due = false;
    if (this.#compact()) {
      this.#askForTurn();
      return;
    }
    for (let steps = 0; steps < STEPS_IN_TURN; steps += 1) {
      if (!this.#step()) {
        this.#running = this.#batches.some((batch) => batch.underWay);
        return;
      }
    }
    this.#askForTurn();
  }

  #askForTurn(): void {
    if (this.#due) return;
    this.#due = true;
    this.#zswap.rt.yieldTask(this);
  }

  /**
   * Entries go from here and there: without moving the rest together hardly a page comes free.
   *
   * @returns true if it took the turn
   */
  #compact(): boolean {
    if (this.#movesDue <= 0) return false;
    this.#movesDue -= COMPACT_SLICE_MOVES;
    for (const pool of this.#zswap.pools.pools()) pool.zpool.compact(COMPACT_SLICE_MOVES);
    return true;
  }

  /** One batch of the next group; false: the run is over, or goes on when a batch has ended. */
  #step(): boolean {
    if (this.#failures >= RECLAIM_RETRIES_MAX || this.#enough()) return false;
    if (this.#batches.some((each) => each.collecting)) return false;
    const batch = this.#batches.find((each) => !each.underWay);
    if (batch === undefined) return false;
    const memcg = this.#cursor.next();
    if (memcg === undefined) {
      if (this.#attempts === 0) this.#failures += 1;
      this.#attempts = 0;
    } else if (mayShrink(this.#zswap, memcg)) {
      if (this.#isInFlight(memcg)) return false;
      this.#attempts += 1;
      if (batch.begin(memcg, SHRINK_SCAN)) this.#count(batch);
    }
    return true;
  }

  /** Says whether the pool will be at the accept threshold when what is in flight has gone. */
  #enough(): boolean {
    const zswap = this.#zswap;
    const pages = zswap.totalPages() - Math.floor(pendingBytes(this.#batches) / PAGE_SIZE);
    return pages <= zswap.params.acceptThresholdPages();
  }

  /** Says whether batches of the group could come upon its entries that are in flight. */
  #isInFlight(memcg: Memcg): boolean {
    if (mayOverlap(this.#zswap, memcg)) return false;
    return this.#batches.some((batch) => batch.underWay && batch.memcg === memcg);
  }

  /** What is pending is known, and another batch may take entries. */
  readonly #submitted = (): void => this.#askForTurn();

  readonly #ended = (batch: Writeback): void => {
    this.#count(batch);
    this.#movesDue = COMPACT_MOVES;
    this.#askForTurn();
  };

  #count(batch: Writeback): void {
    if (batch.written === 0) this.#failures += 1;
  }
}
