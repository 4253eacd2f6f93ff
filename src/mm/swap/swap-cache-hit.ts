/**
 * A hit in the swap cache: a fault finds the folio of a slot in memory, because it is on its way
 * out, came in for another page or was read ahead. The page is mapped at once: no slot is taken,
 * nothing is read, and there is nothing to wait for.
 *
 * @see mm/swap_state.c swap_cache_get_folio, swap_update_readahead
 */
import type { Pfn } from '../../page/frames.ts';
import { dropSwap, mapPage } from '../folio-life.ts';
import type { Mm } from '../mm.ts';
import type { Region } from '../region.ts';

/** Maps a page of a region, which is swapped out to a slot, in the frame that the slot has. */
export function mapCachedPage(mm: Mm, region: Region, index: number, pfn: Pfn): void {
  const { folios, readahead } = mm;
  const head = folios.head(pfn);
  readahead.found(region, index, folios.readahead(head));
  folios.setReadahead(head, false);
  mapPage(mm, region, index, pfn);
  // Kept for the sake of others, or as the only copy, it needs no slots without them.
  if (folios.dirty(head) && !folios.writeback(head)) dropSwap(mm, head);
}
