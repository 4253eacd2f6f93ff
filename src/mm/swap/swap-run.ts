/**
 * A run: pages of a region that lie side by side, swapped out to slots side by side. It is what a
 * swap-in is about: one page and its slot, or an aligned range and as many slots. Whether the pages
 * are still there is asked again after every wait; as long as they are, and their slots are owned,
 * what backs them stays as it is.
 *
 * @see mm/swapfile.c swap_pte_batch, swapcache_prepare
 */
import { present } from '../../std/assert.ts';
import type { SlotWaiter, SwapCache } from '../../swap/cache.ts';
import type { SwapSlot } from '../../swap/table.ts';
import type { Mm } from '../mm.ts';
import { swapPte } from '../page-table.ts';
import type { Region } from '../region.ts';
import type { SwapAreas } from './swap-areas.ts';

/** Says whether PTEs name slots side by side, for which no folio is in the swap cache. */
export function isUncachedRun(
  mm: Mm,
  region: Region,
  first: number,
  slot: SwapSlot,
  pages: number,
): boolean {
  for (let i = 0; i < pages; i += 1) {
    const each = (slot + i) as SwapSlot;
    if (region.table.get(first + i) !== swapPte(each)) return false;
    if (mm.swapCache.get(each) !== 0) return false;
  }
  return true;
}

/** A run, preallocated in the swap-in that it belongs to. */
export class SwapRun {
  /** The first page, its slot, and how many there are. */
  first = 0;
  slot = 0 as SwapSlot;
  pages = 0;
  #region: Region | undefined;

  /** Makes it another run. */
  begin(region: Region, first: number, slot: SwapSlot, pages: number): void {
    this.#region = region;
    this.first = first;
    this.slot = slot;
    this.pages = pages;
  }

  get region(): Region {
    return present(this.#region);
  }

  /** The slot of page i. */
  slotAt(i: number): SwapSlot {
    return (this.slot + i) as SwapSlot;
  }

  /** Says whether all pages are still swapped out to these slots, and no folio has them. */
  isUncached(mm: Mm): boolean {
    return isUncachedRun(mm, this.region, this.first, this.slot, this.pages);
  }

  /** Says whether the region is mapped and its PTEs of pages `from` to `end` name their slots. */
  isNamed(from: number, end: number): boolean {
    const { table, mapped } = this.region;
    for (let i = from; i < end; i += 1) {
      if (table.get(this.first + i) !== swapPte(this.slotAt(i))) return false;
    }
    return mapped;
  }

  /** Takes all slots, or none if one is busy. */
  tryLock(cache: SwapCache, owner: SlotWaiter): boolean {
    for (let i = 0; i < this.pages; i += 1) {
      if (cache.tryLock(this.slotAt(i), owner)) continue;
      for (let taken = 0; taken < i; taken += 1) cache.unlock(this.slotAt(taken), owner);
      return false;
    }
    return true;
  }

  /** Gives all slots up. */
  unlock(cache: SwapCache, owner: SlotWaiter): void {
    for (let i = 0; i < this.pages; i += 1) cache.unlock(this.slotAt(i), owner);
  }

  /** Says whether each slot is named by one PTE only. */
  isUnshared(areas: SwapAreas): boolean {
    for (let i = 0; i < this.pages; i += 1) {
      if (areas.count(this.slotAt(i)) !== 1) return false;
    }
    return true;
  }

  /** Frees the slots that no PTE names: a copy of the region that names one still needs it. */
  release(areas: SwapAreas): void {
    for (let i = 0; i < this.pages; i += 1) {
      if (areas.count(this.slotAt(i)) === 0) areas.release(this.slotAt(i));
    }
  }
}
