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
import type { SwapSlot } from '../swap/table.ts';
import { StoreOp, countStored, storePage, type StoreResult } from './store.ts';
import type { RejectReason } from './stats.ts';
import type { Zswap } from './zswap.ts';

/** One folio's store under way. */
export class FolioStoreOp {
  #slot = 0 as SwapSlot;
  #memcg: Memcg | undefined;
  #pages: readonly Uint8Array[] = [];
  #next = 0;
  readonly #page = new StoreOp();

  /** Readies the record: page i goes to slot `first + i`. */
  begin(first: SwapSlot, memcg: Memcg, pages: readonly Uint8Array[]): void {
    assert(this.#next === 0 && pages.length > 0);
    this.#slot = first;
    this.#memcg = memcg;
    this.#pages = pages;
  }

  /** Why the folio was rejected. */
  get reason(): RejectReason {
    return this.#page.reason;
  }

  /**
   * Runs the store as far as it goes; `waiting` as for a page.
   *
   * @remarks Locks: the caller owns all slots of the folio. Waits: where a page's store does.
   */
  run(zswap: Zswap, task: Task): StoreResult {
    const memcg = present(this.#memcg);
    while (this.#next < this.#pages.length) {
      const slot = this.#slotOf(this.#next);
      if (this.#page.stage === 'admit') {
        this.#page.begin(slot, memcg, present(this.#pages[this.#next]));
      }
      const result = storePage(zswap, this.#page, task);
      if (result === 'waiting') return result;
      if (result === 'rejected') return this.#reject(zswap);
      this.#next += 1;
    }
    countStored(zswap, memcg, this.#pages.length);
    this.#next = 0;
    return 'stored';
  }

  #reject(zswap: Zswap): StoreResult {
    // The page that failed is counted; each page of a folio that is refused counts once.
    zswap.stats.rejects[this.reason] += this.#pages.length - 1;
    for (let i = 0; i < this.#pages.length; i += 1) {
      if (zswap.swap.table.kind(this.#slotOf(i)) === 'entry') zswap.swap.free(this.#slotOf(i));
    }
    this.#next = 0;
    return 'rejected';
  }

  #slotOf(index: number): SwapSlot {
    return (this.#slot + index) as SwapSlot;
  }
}
