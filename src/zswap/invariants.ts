/**
 * What must hold of the whole engine between any two sections. Each function has a name to refer to
 * and returns what is wrong, or undefined; they walk everything and are for tests.
 */
import { PAGE_SIZE } from '../std/units.ts';
import type { Memcg } from '../memcg/memcg.ts';
import type { SwapSlot } from '../swap/table.ts';
import type { Zswap } from './zswap.ts';

/** Every entry that a slot names says that it belongs to that slot, and their number is right. */
export function everySlotOwnsItsEntry(zswap: Zswap): string | undefined {
  let found = 0;
  for (const slot of entrySlots(zswap)) {
    found += 1;
    const index = zswap.swap.table.payload(slot);
    const owner = zswap.slotOf(index);
    if (owner !== slot) return `slot ${slot} names entry ${index}, which belongs to ${owner}`;
  }
  if (found !== zswap.entries.length) return `${found} slots, ${zswap.entries.length} entries`;
  if (found !== zswap.stats.stored_pages) return `stored_pages ${zswap.stats.stored_pages}`;
  return undefined;
}

/** Every live entry is on the LRU of its group, once, and nothing else is. */
export function everyLiveEntryIsOnExactlyOneLru(zswap: Zswap): string | undefined {
  const seen = new Set<number>();
  for (const memcg of zswap.memcgs.groups()) {
    let index = zswap.lru.oldest(memcg.id);
    let length = 0;
    while (index !== 0) {
      if (seen.has(index)) return `entry ${index} is twice on a list`;
      seen.add(index);
      length += 1;
      const owner = zswap.memcgs.living(zswap.memcgs.get(zswap.entries.memcg(index)));
      if (owner !== memcg) return `entry ${index} is on a foreign list`;
      const slot = zswap.slotOf(index);
      if (zswap.swap.table.payload(slot) !== index) return `entry ${index} is not its slot's`;
      index = zswap.entries.next(index);
    }
    if (length !== zswap.lru.lengthOf(memcg.id)) return `list of ${memcg.name}: wrong length`;
  }
  if (seen.size !== zswap.entries.length) return `${seen.size} on lists`;
  return undefined;
}

/** Each group is charged the bytes and the number of its entries and its descendants'. */
export function memcgChargeEqualsItsEntries(zswap: Zswap): string | undefined {
  const bytes = new Map<Memcg, number>();
  const pages = new Map<Memcg, number>();
  for (const slot of entrySlots(zswap)) {
    const index = zswap.swap.table.payload(slot);
    let memcg: Memcg | undefined = zswap.memcgs.get(zswap.entries.memcg(index));
    while (memcg !== undefined) {
      bytes.set(memcg, (bytes.get(memcg) ?? 0) + zswap.entries.lengthOf(index));
      pages.set(memcg, (pages.get(memcg) ?? 0) + 1);
      memcg = memcg.parent;
    }
  }
  for (const memcg of zswap.memcgs.groups()) {
    if (memcg.zswapCurrent !== (bytes.get(memcg) ?? 0)) return `bytes of ${memcg.name}`;
    if (memcg.zswappedPages !== (pages.get(memcg) ?? 0)) return `pages of ${memcg.name}`;
  }
  return undefined;
}

/** A pool has a reference for each of its entries at least, and holds pages only for entries. */
export function poolReferencesCoverItsEntries(zswap: Zswap): string | undefined {
  const entries = new Map<number, number>();
  let raw = 0;
  for (const slot of entrySlots(zswap)) {
    const index = zswap.swap.table.payload(slot);
    const pool = zswap.entries.pool(index);
    entries.set(pool, (entries.get(pool) ?? 0) + 1);
    if (zswap.entries.lengthOf(index) === PAGE_SIZE) raw += 1;
  }
  for (const pool of zswap.pools.pools()) {
    const count = entries.get(pool.id) ?? 0;
    if (pool.references < count) return `pool ${pool.id}: ${pool.references} of ${count}`;
    if (count === 0 && pool.zpool.totalPages > 0) return `pool ${pool.id} holds pages of nobody`;
  }
  if (raw !== zswap.stats.stored_incompressible_pages) return `${raw} raw entries`;
  return undefined;
}

/** Every device page that is in use belongs to a slot, or to a write under way. */
export function devicePagesBelongToSlots(zswap: Zswap): string | undefined {
  const backing = zswap.swap.backing;
  if (backing === undefined) return undefined;
  const pages = new Set<number>();
  for (const slot of usedSlots(zswap)) {
    if (zswap.swap.table.kind(slot) !== 'device') continue;
    const page = zswap.swap.table.payload(slot);
    if (pages.has(page)) return `device page ${page} belongs to two slots`;
    pages.add(page);
  }
  const { usedPages, writingPages } = backing;
  if (pages.size + writingPages !== usedPages) {
    return `${pages.size} slots, ${writingPages} pages being written, ${usedPages} in use`;
  }
  return undefined;
}

/** All of the above, by name. */
export const INVARIANTS: Readonly<Record<string, (zswap: Zswap) => string | undefined>> = {
  everySlotOwnsItsEntry,
  everyLiveEntryIsOnExactlyOneLru,
  memcgChargeEqualsItsEntries,
  poolReferencesCoverItsEntries,
  devicePagesBelongToSlots,
};

function* usedSlots(zswap: Zswap): Generator<SwapSlot> {
  const { table, areas } = zswap.swap;
  for (const area of areas) {
    const end = area.firstSlot + area.pageCount;
    let slot = table.nextUsed(area.firstSlot, end, Infinity);
    while (slot < end) {
      yield slot as SwapSlot;
      slot = table.nextUsed(slot + 1, end, Infinity);
    }
  }
}

function* entrySlots(zswap: Zswap): Generator<SwapSlot> {
  for (const slot of usedSlots(zswap)) if (zswap.swap.table.kind(slot) === 'entry') yield slot;
}
