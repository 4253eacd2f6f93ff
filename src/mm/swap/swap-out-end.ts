/**
 * The end of a swap-out: what becomes of a folio when its pages are where they go, or when nothing
 * would take them. Its slots are nobody's again, and it is freed, unless somebody has come back to
 * it. Who swaps out learns from here how much has become free, and what had no room.
 *
 * @see mm/vmscan.c shrink_folio_list, __remove_mapping; mm/filemap.c folio_end_writeback
 */
import type { Pfn } from '../../page/frames.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import {
  addToLru,
  dropSwap,
  leaveSwapCache,
  reapFolio,
  settleFolio,
  slotOf,
  unmapToSlots,
} from '../folio-life.ts';
import type { Mm } from '../mm.ts';

/** Ends the swap-out of one folio after the other, and counts. */
export class SwapOutEnd {
  /** Pages freed since {@link begin}. */
  freedPages = 0;
  /**
   * Folios since {@link begin} that nothing had room for, whatever is in them: another of the same
   * group would fare the same; `unplaced` are those of which this is so for any group.
   */
  unplacedInGroup = 0;
  unplaced = 0;
  readonly #mm: Mm;
  readonly #owner: SlotWaiter;

  /** @param owner - has the slots of folios that are on their way out */
  constructor(mm: Mm, owner: SlotWaiter) {
    this.#mm = mm;
    this.#owner = owner;
  }

  /** Begins to count anew. */
  begin(): void {
    this.freedPages = 0;
    this.unplacedInGroup = 0;
    this.unplaced = 0;
  }

  /** Counts a folio that nothing has room for, of whatever group. */
  countUnplaced(): void {
    this.unplacedInGroup += 1;
    this.unplaced += 1;
  }

  /** Frees a clean folio, whose slots nobody owns; its copies serve whoever touches it next. */
  drop(pfn: Pfn): void {
    const pages = this.#mm.folios.pages(pfn);
    unmapToSlots(this.#mm, pfn);
    this.#noteEviction(pfn, pages);
    leaveSwapCache(this.#mm, pfn);
    reapFolio(this.#mm, pfn);
    this.freedPages += pages;
  }

  /**
   * A folio's pages are all where they go: frees it, unless somebody has come back to it; then it
   * is on its list again, and false is returned.
   */
  settle(pfn: Pfn): boolean {
    const { folios } = this.#mm;
    const pages = folios.pages(pfn);
    this.#release(pfn, pages);
    if (folios.mapcount(pfn) === 0 && folios.pins(pfn) === 0 && !folios.dirty(pfn)) {
      this.#noteEviction(pfn, pages);
      leaveSwapCache(this.#mm, pfn);
      reapFolio(this.#mm, pfn);
      this.freedPages += pages;
      return true;
    }
    if (folios.dirty(pfn)) dropSwap(this.#mm, pfn);
    addToLru(this.#mm, pfn, true);
    settleFolio(this.#mm, pfn);
    return false;
  }

  /**
   * A folio could not be put anywhere: it is on its list again, and the only copy of its pages. It
   * stays in the swap cache for as long as PTEs name its slots.
   */
  keep(pfn: Pfn): void {
    const { folios } = this.#mm;
    this.#release(pfn, folios.pages(pfn));
    folios.setDirty(pfn, true);
    dropSwap(this.#mm, pfn);
    addToLru(this.#mm, pfn, true);
    settleFolio(this.#mm, pfn);
  }

  /** Ends a folio's writeback: its slots are nobody's again. */
  #release(pfn: Pfn, pages: number): void {
    const { folios, swap } = this.#mm;
    folios.setWriteback(pfn, false);
    for (let i = 0; i < pages; i += 1) {
      swap.cache.unlock(slotOf(this.#mm, pfn, i), this.#owner);
    }
    folios.unpin(pfn);
  }

  /** Leaves in a folio's slots when it was evicted. */
  #noteEviction(pfn: Pfn, pages: number): void {
    const { folios, workingset, areas } = this.#mm;
    const shadow = workingset.evict(this.#mm.groupOf(pfn).id, pages, folios.workingset(pfn));
    for (let i = 0; i < pages; i += 1) {
      const slot = slotOf(this.#mm, pfn, i);
      if (areas.count(slot) > 0) areas.setShadow(slot, shadow);
    }
  }
}
