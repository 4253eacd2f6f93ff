/**
 * Store of a folio: its pages one by one, all or nothing. On any failure no page of it has an
 * entry, neither a new nor an older one: the folio is dirty and still has the data, and an older
 * entry that stayed could be written back over what its owner writes elsewhere now.
 *
 * For owners that keep the data until it is stored. The disk front end does not use it: its client
 * has no other copy of the older version, and a refused write changes nothing there.
 *
 * @see mm/zswap.c zswap_store
 */
import { assert, present } from '../std/assert.ts';
import type { Memcg } from '../memcg/memcg.ts';
import type { Task } from '../rt/rt.ts';
import { Slice } from '../rt/slice.ts';
import type { SwapSlot } from '../swap/table.ts';
import { StoreOp, countStored, storePage, type StoreResult } from './store.ts';
import type { RejectReason } from './stats.ts';
import type { Zswap } from './zswap.ts';

/** Pages that are stored in one go: more are stored in slices, between which others run. */
const PAGES_AT_ONCE = 32;

/** Where a folio's pages are. */
export interface FolioPages {
  /** Page i, 4096 bytes; undefined if it is not for zswap, because it is zero-filled. */
  page(index: number): Uint8Array | undefined;
}

/** One folio's store under way. */
export class FolioStoreOp {
  #slot = 0 as SwapSlot;
  #memcg: Memcg | undefined;
  #source: FolioPages = NOTHING;
  #count = 0;
  #next = 0;
  #stored = 0;
  readonly #page = new StoreOp();
  #slice: Slice | undefined;
  #inSlices = false;

  /**
   * Readies the record for `count` pages: page i goes to slot `first + i`.
   *
   * @param atOnce - its owner must not wait: it does not let others run before it has ended
   */
  begin(
    first: SwapSlot,
    count: number,
    memcg: Memcg,
    source: FolioPages,
    atOnce: boolean = false,
  ): void {
    assert(this.#next === 0 && count > 0);
    this.#slot = first;
    this.#count = count;
    this.#memcg = memcg;
    this.#source = source;
    this.#stored = 0;
    this.#inSlices = count > PAGES_AT_ONCE && !atOnce;
  }

  /** Pages that have been stored; the others are zero-filled. */
  get storedPages(): number {
    return this.#stored;
  }

  /** Why the folio was rejected. */
  get reason(): RejectReason {
    return this.#page.reason;
  }

  /**
   * Runs the store as far as it goes; `waiting` as for a page.
   *
   * @remarks Locks: the caller owns all slots of the folio. Waits: where a page's store does; of a
   *   large folio for its turn.
   */
  run(zswap: Zswap, task: Task): StoreResult {
    const memcg = present(this.#memcg);
    const slice = this.#inSlices ? (this.#slice ??= new Slice(zswap.rt)) : undefined;
    slice?.begin();
    for (; this.#next < this.#count; this.#next += 1) {
      if (this.#page.stage === 'admit') {
        if (slice?.isOver(task) === true) return 'waiting';
        const page = this.#source.page(this.#next);
        if (page === undefined) continue;
        this.#page.begin(this.#slotOf(this.#next), memcg, page);
      }
      const result = storePage(zswap, this.#page, task);
      if (result === 'waiting') return result;
      if (result === 'rejected') return this.#reject(zswap);
      this.#stored += 1;
    }
    countStored(zswap, memcg, this.#stored);
    this.#next = 0;
    return 'stored';
  }

  #reject(zswap: Zswap): StoreResult {
    // The page that failed is counted; each page of a folio that is refused counts once.
    for (let i = 0; i < this.#count; i += 1) {
      if (zswap.swap.table.kind(this.#slotOf(i)) === 'entry') zswap.swap.free(this.#slotOf(i));
      if (i !== this.#next && this.#source.page(i) !== undefined) {
        zswap.stats.rejects[this.reason] += 1;
      }
    }
    this.#next = 0;
    return 'rejected';
  }

  #slotOf(index: number): SwapSlot {
    return (this.#slot + index) as SwapSlot;
  }
}

const NOTHING: FolioPages = { page: () => undefined };
