/**
 * Copy of a region, copy on write: both share folios and slots, each with a reference for each PTE,
 * and whoever writes first to a page gets one of its own. Costs a look at each page table entry.
 *
 * @see mm/memory.c copy_page_range
 */
import type { Memcg } from '../memcg/memcg.ts';
import type { Mm } from './mm.ts';
import { presentPte, pteIsPresent, ptePfn, pteSlot } from './page-table.ts';
import { Region } from './region.ts';

/** Makes a copy that a group pays for from now on: for its own pages, not for those it shares. */
export function copyRegion(
  mm: Mm,
  region: Region,
  name: string,
  memcg: Memcg,
  orderMax: number = region.orderMax,
): Region {
  const { family, pageCount, table } = region;
  const copy = new Region(name, family, memcg, pageCount, orderMax);
  for (let at = table.next(0, pageCount); at < pageCount; at = table.next(at + 1, pageCount)) {
    const pte = table.get(at);
    if (pteIsPresent(pte)) {
      const shared = presentPte(ptePfn(pte), false);
      mm.folios.addMap(mm.folios.head(ptePfn(pte)));
      table.set(at, shared);
      copy.table.set(at, shared);
    } else {
      mm.areas.dup(pteSlot(pte));
      copy.table.set(at, pte);
    }
  }
  return copy;
}
