/**
 * Slot reclaim: where the areas are full, slots that no PTE names are taken back from folios in the
 * swap cache. Such a folio has kept its copies for the case that it is swapped out unchanged, which
 * is worth less than a slot for a page that has none; it is the only copy from then on.
 *
 * @see mm/swapfile.c swap_reclaim_full_clusters, cluster_reclaim_range
 */
import type { Pfn } from '../../page/frames.ts';
import type { SwapSlots } from '../../swap/slots.ts';
import { SWAPFILE_CLUSTER, type SwapSlot } from '../../swap/table.ts';
import { detachFolio, isReferenced } from '../folio-life.ts';
import type { Mm } from '../mm.ts';

/** Clusters looked at before it is given up; the next time it goes on with those after them. */
const CLUSTERS_MAX = 8;

/** Frees some slots, if there are such; false: none have been. */
export function reclaimSlots(mm: Mm): boolean {
  if (mm.swapCache.size === 0) return false;
  const before = mm.areas.usedSlots;
  for (const slots of mm.areas.open) {
    for (let i = 0; i < CLUSTERS_MAX && mm.areas.usedSlots === before; i += 1) {
      const first = slots.nextFullCluster();
      if (first < 0) break;
      reclaimCluster(mm, slots, first);
    }
  }
  return mm.areas.usedSlots < before;
}

function reclaimCluster(mm: Mm, slots: SwapSlots, first: number): void {
  const { area } = slots;
  const end = Math.min(first + SWAPFILE_CLUSTER, area.firstSlot + area.pageCount);
  for (let at = first; at < end; at += 1) {
    const slot = at as SwapSlot;
    if (!slots.isAllocated(slot) || slots.count(slot) > 0) continue;
    const pfn = mm.swapCache.get(slot) as Pfn;
    if (pfn !== 0 && !isReferenced(mm, mm.folios.head(pfn))) detachFolio(mm, mm.folios.head(pfn));
  }
}
