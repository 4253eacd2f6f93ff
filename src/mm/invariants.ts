/**
 * What must hold of the address-space front end between any two sections. Each function has a name
 * to refer to and returns what is wrong, or undefined; they walk everything and are for tests.
 */
import { present } from '../std/assert.ts';
import type { Pfn } from '../page/frames.ts';
import type { SwapSlot } from '../swap/table.ts';
import type { Mm } from './mm.ts';
import { pteIsPresent, pteIsSwap, pteIsWritable, ptePfn, pteSlot } from './page-table.ts';

/** Each folio is mapped by as many PTEs as it counts, at its own index, and is up to date. */
export function mapcountsEqualMappings(mm: Mm): string | undefined {
  const counts = new Map<number, number>();
  for (const { region, index, pte } of entries(mm)) {
    if (!pteIsPresent(pte)) continue;
    const pfn = ptePfn(pte);
    if (!mm.folios.isFolio(pfn)) return `page ${index} of ${region.name} maps a free frame`;
    if (mm.folios.index(pfn) !== index) return `page ${index} of ${region.name}: foreign frame`;
    const head = mm.folios.head(pfn);
    if (!mm.folios.uptodate(head)) return `page ${index} of ${region.name} is not up to date`;
    counts.set(head, (counts.get(head) ?? 0) + 1);
  }
  for (const pfn of heads(mm)) {
    const count = counts.get(pfn) ?? 0;
    if (mm.folios.mapcount(pfn) !== count) return `folio ${pfn} is mapped ${count} times`;
  }
  return undefined;
}

/** A page that a region may write to in place is in no other region and in nobody's slot. */
export function writablePagesAreExclusive(mm: Mm): string | undefined {
  const users = new Map<number, number>();
  for (const { pte } of entries(mm)) {
    if (pteIsPresent(pte)) users.set(ptePfn(pte), (users.get(ptePfn(pte)) ?? 0) + 1);
  }
  for (const { region, index, pte } of entries(mm)) {
    if (!pteIsWritable(pte)) continue;
    if (users.get(ptePfn(pte)) !== 1) return `page ${index} of ${region.name} is shared`;
  }
  return undefined;
}

/** A slot has a reference for each PTE that names it, and is used only by PTEs or a folio. */
export function slotCountsEqualReferences(mm: Mm): string | undefined {
  const counts = new Map<number, number>();
  for (const { pte } of entries(mm)) {
    if (pteIsSwap(pte)) counts.set(pteSlot(pte), (counts.get(pteSlot(pte)) ?? 0) + 1);
  }
  for (const slots of mm.areas.all) {
    let slot = slots.nextAllocated(slots.area.firstSlot);
    for (; slot >= 0; slot = slots.nextAllocated(slot + 1)) {
      const count = counts.get(slot) ?? 0;
      const swapSlot = slot as SwapSlot;
      if (slots.count(swapSlot) !== count) return `slot ${slot}: ${count} references`;
      const isUsed = count > 0 || mm.swapCache.get(swapSlot) !== 0;
      // One that nobody refers to any more waits for its owner.
      if (!isUsed && !mm.swap.cache.isBusy(swapSlot)) return `slot ${slot} is nobody's`;
      counts.delete(slot);
    }
  }
  for (const slot of counts.keys()) return `slot ${slot} is named and not allocated`;
  return undefined;
}

/** What a slot holds is somewhere: it has a backing, or a folio that is up to date. */
export function noReferencedSlotIsLost(mm: Mm): string | undefined {
  for (const { region, index, pte } of entries(mm)) {
    if (!pteIsSwap(pte)) continue;
    const slot = pteSlot(pte);
    if (mm.swapCache.get(slot) !== 0 || !mm.swap.table.isFree(slot)) continue;
    return `page ${index} of ${region.name} is lost`;
  }
  return undefined;
}

/** A folio is in the swap cache under each of its slots, and a clean one has copies of all pages. */
export function cleanFoliosHaveCopies(mm: Mm): string | undefined {
  let cached = 0;
  for (const pfn of heads(mm)) {
    const pages = mm.folios.pages(pfn);
    for (let i = 0; i < pages; i += 1) {
      const slot = mm.folios.slot((pfn + i) as Pfn);
      if (slot >= 0) {
        cached += 1;
        if (mm.swapCache.get(slot as SwapSlot) !== pfn + i) return `slot ${slot}: foreign folio`;
      }
      const isClean = !mm.folios.dirty(pfn) && !mm.folios.writeback(pfn);
      if (!isClean || !mm.folios.uptodate(pfn)) continue;
      const hasCopy = slot >= 0 && !mm.swap.table.isFree(slot as SwapSlot);
      // One that the direct mode is bringing in leaves its copy with the slot.
      if (!hasCopy && mm.folios.pins(pfn) === 0) return `folio ${pfn} is clean without a copy`;
    }
  }
  if (cached !== mm.swapCache.size) return `${cached} of ${mm.swapCache.size} cached`;
  return undefined;
}

/** Each group is charged the frames of its folios and its descendants'. */
export function framesAreCharged(mm: Mm): string | undefined {
  const charged = new Map<number, number>();
  let frames = 0;
  for (const pfn of heads(mm)) {
    const pages = mm.folios.pages(pfn);
    frames += pages;
    for (let id = mm.memcgs.get(mm.folios.memcg(pfn)); ; id = present(id.parent)) {
      charged.set(id.id, (charged.get(id.id) ?? 0) + pages);
      if (id.parent === undefined) break;
    }
  }
  // Frames that have been taken and not charged, or charged and not used, yet are with a fault.
  if (frames > mm.frames.usedPages) return `${frames} of ${mm.frames.usedPages} frames`;
  for (const memcg of mm.memcgs.groups()) {
    const own = charged.get(memcg.id) ?? 0;
    if (memcg.framePages < own) return `${memcg.name} is charged ${memcg.framePages} for ${own}`;
  }
  return undefined;
}

/** Every folio is on the list that its flags name, and only such are. */
export function foliosAreOnTheirLists(mm: Mm): string | undefined {
  const seen = new Set<number>();
  for (const { id, name } of mm.memcgs.groups()) {
    for (const active of [false, true]) {
      let pages = 0;
      let pfn = (active ? mm.lru.oldestActive(id) : mm.lru.oldestInactive(id)) as Pfn;
      for (; pfn !== 0; pfn = mm.folios.next(pfn) as Pfn) {
        if (seen.has(pfn)) return `folio ${pfn} is twice on a list`;
        seen.add(pfn);
        pages += mm.folios.pages(pfn);
        if (!mm.folios.lru(pfn) || mm.folios.active(pfn) !== active) return `folio ${pfn}: flags`;
        if (mm.groupOf(pfn).id !== id) return `folio ${pfn} is on a list of ${name}`;
      }
      const length = active ? mm.lru.activePages(id) : mm.lru.inactivePages(id);
      if (pages !== length) return `list of ${name}: ${length} for ${pages}`;
    }
  }
  for (const pfn of heads(mm)) {
    if (mm.folios.lru(pfn) !== seen.has(pfn)) return `folio ${pfn} is on no list`;
    if (!seen.has(pfn) && mm.folios.pins(pfn) === 0) return `folio ${pfn} is nobody's`;
  }
  return undefined;
}

/** All of them, by name. */
export const MM_INVARIANTS: readonly ((mm: Mm) => string | undefined)[] = [
  mapcountsEqualMappings,
  writablePagesAreExclusive,
  slotCountsEqualReferences,
  noReferencedSlotIsLost,
  cleanFoliosHaveCopies,
  framesAreCharged,
  foliosAreOnTheirLists,
];

function* entries(mm: Mm): Generator<{ region: { name: string }; index: number; pte: number }> {
  for (const region of mm.regions()) {
    const { table, pageCount } = region;
    for (let at = table.next(0, pageCount); at < pageCount; at = table.next(at + 1, pageCount)) {
      yield { region, index: at, pte: table.get(at) };
    }
  }
}

/** Heads of all folios: those on lists, in PTEs and in the swap cache, and those on their way. */
function* heads(mm: Mm): Generator<Pfn> {
  const end = mm.frames.frameEnd;
  for (let pfn = 1; pfn < end; pfn += 1) {
    if (mm.folios.isFolio(pfn as Pfn) && mm.folios.head(pfn as Pfn) === pfn) yield pfn as Pfn;
  }
}
