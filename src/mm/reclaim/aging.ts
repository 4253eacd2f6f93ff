/**
 * Aging: which folios stay for being used, and which grow old. A folio has two chances: found used
 * for the first time it goes back to the young end of the inactive list; for the second time in a
 * row, to the active list. When the inactive list is short, the oldest active folios come back to
 * it, and have to be found used anew.
 *
 * @see mm/vmscan.c folio_check_references, shrink_active_list
 */
import type { MemcgId } from '../../memcg/memcg.ts';
import type { Pfn } from '../../page/frames.ts';
import { addToLru, removeFromLru } from '../folio-life.ts';
import type { Mm } from '../mm.ts';

/** Active folios that one visit to a group makes inactive (kernel `SWAP_CLUSTER_MAX`). */
const DEACTIVATE_MAX = 32;

/**
 * Puts a folio that was taken off its list back if it was used since reclaim last looked, and
 * forgets that it was; true if it was.
 *
 * @see mm/vmscan.c folio_check_references
 */
export function keepUsed(mm: Mm, pfn: Pfn): boolean {
  const { folios } = mm;
  if (!folios.accessed(pfn)) {
    folios.setReferenced(pfn, false);
    return false;
  }
  folios.setAccessed(pfn, false);
  const activate = folios.referenced(pfn);
  folios.setReferenced(pfn, !activate);
  if (activate) countActivation(mm, pfn);
  addToLru(mm, pfn, activate);
  return true;
}

function countActivation(mm: Mm, pfn: Pfn): void {
  const pages = mm.folios.pages(pfn);
  mm.stats.events.pgactivate += pages;
  mm.workingset.activation(mm.groupOf(pfn).id, pages);
}

/**
 * Moves a group's oldest active folios to its inactive list, used or not: so many pages at least,
 * but no more than one visit may.
 *
 * @see mm/vmscan.c shrink_active_list
 */
export function shrinkActive(mm: Mm, group: MemcgId, pages: number): void {
  const { lru, folios, stats } = mm;
  let left = Math.min(pages, DEACTIVATE_MAX);
  while (left > 0) {
    const pfn = lru.oldestActive(group) as Pfn;
    if (pfn === 0) return;
    left -= folios.pages(pfn);
    removeFromLru(mm, pfn);
    folios.setAccessed(pfn, false);
    folios.setReferenced(pfn, false);
    folios.setWorkingset(pfn, true);
    stats.events.pgdeactivate += folios.pages(pfn);
    addToLru(mm, pfn, false);
  }
}
