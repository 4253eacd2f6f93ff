/**
 * Compaction in the background. When enough entries have gone since the last time, objects are
 * moved together and page frames down to lower chunks, in slices, so that what is free in small
 * pieces goes back to the system. The kernel does it when memory is short; this process cannot be
 * told.
 *
 * It holds nothing between slices: objects are named by handles, and a slice is a section.
 *
 * @see mm/zsmalloc.c zs_compact
 */
import type { Rt, Task } from '../rt/rt.ts';
import type { PoolList } from './pool.ts';

/** Entries that must have gone before compaction is worth a look. */
export const COMPACT_AFTER_ENTRIES = 4096;
/** And they must be at least this part of those that are left. */
const COMPACT_AFTER_SHARE = 8;
/** Moves in one slice; each is a copy of less than a page. */
const SLICE_MOVES = 256;

export class Compactor implements Task {
  readonly #rt: Rt;
  readonly #pools: PoolList;
  readonly #afterEntries: number;
  #entriesGone = 0;
  #running = false;

  constructor(rt: Rt, pools: PoolList, afterEntries: number = COMPACT_AFTER_ENTRIES) {
    this.#rt = rt;
    this.#pools = pools;
    this.#afterEntries = afterEntries;
  }

  /** True from the time it is set going until nothing more can be gained. */
  get running(): boolean {
    return this.#running;
  }

  /** Told of each entry that goes; `left` entries remain. */
  entryFreed(left: number): void {
    this.#entriesGone += 1;
    if (this.#running || this.#entriesGone < this.#afterEntries) return;
    if (this.#entriesGone * COMPACT_AFTER_SHARE < left) return;
    this.#entriesGone = 0;
    this.#running = true;
    this.#rt.yieldTask(this);
  }

  /** One slice. */
  resume(): void {
    for (const pool of this.#pools.pools()) {
      if (pool.zpool.compact(SLICE_MOVES) === 0) continue;
      this.#rt.yieldTask(this);
      return;
    }
    this.#running = false;
  }
}
