/**
 * The life of a folio: made for a fault, put on its group's list, dirtied, split, and freed when
 * nothing maps it, pins it or can reach it through the swap cache.
 */
import { assert, present } from '../std/assert.ts';
import type { Memcg } from '../memcg/memcg.ts';
import type { Pfn } from '../page/frames.ts';
import type { SwapSlot } from '../swap/table.ts';
import type { Mm } from './mm.ts';
import type { Region } from './region.ts';
import {
  PTE_NONE,
  presentPte,
  pteIsPresent,
  pteIsSwap,
  ptePfn,
  pteSlot,
  swapPte,
} from './page-table.ts';

/** Makes a folio of frames that have been charged to a group, for pages of a region. */
export function beginFolio(
  mm: Mm,
  pfn: Pfn,
  order: number,
  memcg: Memcg,
  region: Region,
  index: number,
): void {
  mm.folios.begin(pfn, order, memcg.id, region.family.id, index);
  region.family.folios += 1;
}

/** Frees a folio that nobody can reach, with its frames and their charge. */
function freeFolio(mm: Mm, pfn: Pfn): void {
  const { folios, memcgs } = mm;
  const order = folios.order(pfn);
  const memcg = memcgs.get(folios.memcg(pfn));
  const family = mm.family(folios.region(pfn));
  if (folios.lru(pfn)) removeFromLru(mm, pfn);
  memcg.unchargeFrames(2 ** order);
  if (!memcg.online) memcgs.reap(memcg);
  folios.end(pfn);
  mm.frames.free(pfn, order);
  family.folios -= 1;
  mm.forgetFamily(family);
}

/** Puts a folio on its group's active or inactive list, as the youngest. */
export function addToLru(mm: Mm, pfn: Pfn, active: boolean): void {
  assert(!mm.folios.lru(pfn));
  mm.folios.setLru(pfn, true);
  mm.folios.setActive(pfn, active);
  mm.lru.add(mm.groupOf(pfn).id, pfn, mm.folios.pages(pfn), active);
}

/** Takes a folio off its list. */
export function removeFromLru(mm: Mm, pfn: Pfn): void {
  mm.folios.setLru(pfn, false);
  mm.lru.remove(mm.groupOf(pfn).id, pfn, mm.folios.pages(pfn), mm.folios.active(pfn));
}

/** Frees a folio if nothing needs it any more. To be called when a mapping or a pin has gone. */
export function reapFolio(mm: Mm, pfn: Pfn): void {
  const { folios } = mm;
  if (folios.mapcount(pfn) > 0 || folios.pins(pfn) > 0) return;
  if (folios.slot(pfn) >= 0) {
    if (isReferenced(mm, pfn)) return;
    leaveSwapCache(mm, pfn);
  }
  freeFolio(mm, pfn);
}

/** Drops a pin; what was only kept for it goes. */
export function unpinFolio(mm: Mm, pfn: Pfn): void {
  mm.folios.unpin(pfn);
  settleFolio(mm, pfn);
}

/**
 * Frees a folio that nothing needs any more, or the parts of a large one that have been unmapped
 * while it could not be split.
 */
export function settleFolio(mm: Mm, pfn: Pfn): void {
  const { folios } = mm;
  const isPartlyMapped = folios.mapcount(pfn) > 0 && folios.mapcount(pfn) < folios.pages(pfn);
  const isBusy = folios.pins(pfn) > 0 || folios.writeback(pfn);
  if (isPartlyMapped && !isBusy && folios.slot(pfn) < 0) splitFolio(mm, pfn);
  else reapFolio(mm, pfn);
}

/** Says whether a PTE names one of the slots of a folio in the swap cache. */
export function isReferenced(mm: Mm, pfn: Pfn): boolean {
  const pages = mm.folios.pages(pfn);
  for (let i = 0; i < pages; i += 1) {
    if (mm.areas.count(slotOf(mm, pfn, i)) > 0) return true;
  }
  return false;
}

/** The slot of page i of a folio in the swap cache. */
export function slotOf(mm: Mm, pfn: Pfn, i: number): SwapSlot {
  const slot = mm.folios.slot((pfn + i) as Pfn);
  assert(slot >= 0);
  return slot as SwapSlot;
}

/** Makes a folio the one of consecutive slots. */
export function enterSwapCache(mm: Mm, pfn: Pfn, first: SwapSlot): void {
  const pages = mm.folios.pages(pfn);
  for (let i = 0; i < pages; i += 1) {
    mm.folios.setSlot((pfn + i) as Pfn, (first + i) as SwapSlot);
    mm.swapCache.add((first + i) as SwapSlot, (pfn + i) as Pfn);
  }
}

/** Takes a folio out of the swap cache, and frees those of its slots that nothing refers to. */
export function leaveSwapCache(mm: Mm, pfn: Pfn): void {
  const pages = mm.folios.pages(pfn);
  for (let i = 0; i < pages; i += 1) {
    const slot = slotOf(mm, pfn, i);
    mm.swapCache.delete(slot);
    mm.folios.setSlot((pfn + i) as Pfn, -1);
    if (mm.areas.count(slot) === 0) mm.areas.release(slot);
  }
}

/**
 * Notes that a folio's frames differ from what backs them, or are about to. What backs them goes at
 * the first time: at once where no PTE names the slots; else only the copies, because others will
 * find the folio through the slots.
 */
export function markDirty(mm: Mm, pfn: Pfn): void {
  const { folios } = mm;
  if (folios.dirty(pfn)) return;
  folios.setDirty(pfn, true);
  // One that is being written out is seen to when that has ended.
  if (folios.slot(pfn) >= 0 && !folios.writeback(pfn)) dropSwap(mm, pfn);
}

/** Drops what backs a dirty folio. @see mm/swapfile.c folio_free_swap */
export function dropSwap(mm: Mm, pfn: Pfn): void {
  assert(mm.folios.dirty(pfn));
  if (!isReferenced(mm, pfn)) {
    leaveSwapCache(mm, pfn);
    return;
  }
  const pages = mm.folios.pages(pfn);
  for (let i = 0; i < pages; i += 1) {
    const slot = slotOf(mm, pfn, i);
    // A copy that is being written back becomes a device page that nobody reads and that goes when
    // the folio is written out or the slot is freed.
    if (!mm.swap.cache.isBusy(slot)) mm.swap.free(slot);
  }
}

/**
 * Makes a folio in the swap cache the only copy of its pages, so that its slots, or what backs
 * those that PTEs name, become free; one that nothing needs any more goes. Nothing happens to one
 * that is under writeback.
 *
 * @see mm/swapfile.c folio_free_swap, __try_to_reclaim_swap
 */
export function detachFolio(mm: Mm, pfn: Pfn): void {
  const { folios } = mm;
  if (folios.slot(pfn) < 0 || folios.writeback(pfn)) return;
  folios.setDirty(pfn, true);
  dropSwap(mm, pfn);
  reapFolio(mm, pfn);
}

/**
 * Drops copies that are not worth keeping, of a folio that was brought in: stale ones, and all of
 * one that is mapped completely when slots are few.
 *
 * @see mm/memory.c should_try_to_free_swap
 */
export function trimSwap(mm: Mm, pfn: Pfn): void {
  const { folios, areas } = mm;
  // Who mapped it meanwhile and wrote to it may have made it independent already.
  if (folios.slot(pfn) < 0) return;
  if (!folios.dirty(pfn) && areas.isHalfFull && folios.mapcount(pfn) === folios.pages(pfn)) {
    folios.setDirty(pfn, true);
  }
  if (folios.dirty(pfn)) dropSwap(mm, pfn);
}

/** Says whether a folio's page was evicted only lately. @see mm/workingset.c workingset_refault */
export function refaultFolio(mm: Mm, pfn: Pfn, slot: SwapSlot): boolean {
  const { areas, workingset, folios } = mm;
  const shadow = areas.shadow(slot);
  if (shadow === 0) return false;
  const refault = workingset.refault(mm.groupOf(pfn).id, shadow, folios.pages(pfn));
  if (refault.workingset) folios.setWorkingset(pfn, true);
  return refault.activate;
}

/**
 * Splits a large folio that nobody pins into single pages; those that nothing maps or can reach are
 * freed.
 *
 * @see mm/huge_memory.c split_huge_page
 */
export function splitFolio(mm: Mm, pfn: Pfn): void {
  const { folios } = mm;
  const order = folios.order(pfn);
  const pages = 2 ** order;
  const family = mm.family(folios.region(pfn));
  const index = folios.index(pfn);
  assert(order > 0 && folios.pins(pfn) === 0 && !folios.writeback(pfn));
  const wasOnLru = folios.lru(pfn);
  const active = folios.active(pfn);
  if (wasOnLru) removeFromLru(mm, pfn);
  folios.split(pfn);
  mm.frames.split(pfn, order);
  present(mm.stats.orders[order]).split += 1;
  family.folios += pages - 1;
  for (let i = 0; i < pages; i += 1) {
    const page = (pfn + i) as Pfn;
    const mapcount = family.regions.filter((region) => maps(region, index + i, page)).length;
    for (let n = 0; n < mapcount; n += 1) folios.addMap(page);
    if (wasOnLru) addToLru(mm, page, active);
  }
  for (let i = 0; i < pages; i += 1) reapFolio(mm, (pfn + i) as Pfn);
}

function maps(region: Region, index: number, pfn: Pfn): boolean {
  if (index >= region.pageCount) return false;
  const pte = region.table.get(index);
  return pteIsPresent(pte) && ptePfn(pte) === pfn;
}

/** Maps a page of a folio at a PTE that is none or names the page's slot, whose reference goes. */
export function mapPage(mm: Mm, region: Region, index: number, pfn: Pfn): void {
  const { table } = region;
  const pte = table.get(index);
  assert(!pteIsPresent(pte) && region.mapped);
  if (pteIsSwap(pte)) {
    const slot = pteSlot(pte);
    assert(mm.folios.slot(pfn) === slot || mm.folios.slot(pfn) < 0);
    mm.areas.put(slot);
  }
  table.set(index, presentPte(pfn, false));
  mm.folios.addMap(mm.folios.head(pfn));
  if (isExclusive(mm, region, index, pfn)) table.set(index, presentPte(pfn, true));
}

/** Says whether a region is the only one that can reach a page that it maps. */
export function isExclusive(mm: Mm, region: Region, index: number, pfn: Pfn): boolean {
  const slot = mm.folios.slot(pfn);
  if (slot >= 0 && mm.areas.count(slot as SwapSlot) > 0) return false;
  const { regions } = region.family;
  return (
    regions.length === 1 || !regions.some((other) => other !== region && maps(other, index, pfn))
  );
}

/** Takes a page out of a region's page table, and frees what nothing else needs. */
export function zapPage(mm: Mm, region: Region, index: number): void {
  const pte = region.table.get(index);
  region.table.set(index, PTE_NONE);
  if (pteIsPresent(pte)) {
    const head = mm.folios.head(ptePfn(pte));
    mm.folios.dropMap(head);
    reapFolio(mm, head);
  } else if (pteIsSwap(pte)) {
    const slot = pteSlot(pte);
    if (mm.areas.put(slot) > 0) return;
    const pfn = mm.swapCache.get(slot) as Pfn;
    if (pfn === 0) mm.areas.release(slot);
    else reapFolio(mm, mm.folios.head(pfn));
  }
}

/** Replaces all PTEs that map a cached folio by its slots. @see mm/rmap.c try_to_unmap */
export function unmapToSlots(mm: Mm, pfn: Pfn): void {
  const { folios } = mm;
  const family = mm.family(folios.region(pfn));
  const index = folios.index(pfn);
  const pages = folios.pages(pfn);
  for (const region of family.regions) {
    for (let i = 0; i < pages && folios.mapcount(pfn) > 0; i += 1) {
      if (!maps(region, index + i, (pfn + i) as Pfn)) continue;
      const slot = slotOf(mm, pfn, i);
      region.table.set(index + i, swapPte(slot));
      mm.areas.dup(slot);
      folios.dropMap(pfn);
    }
  }
  assert(folios.mapcount(pfn) === 0);
}
