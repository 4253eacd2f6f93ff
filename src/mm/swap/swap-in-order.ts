/**
 * How large a folio a swap-in tries. Only a guess, made before any slot is owned: that what it
 * relies on is so is looked at again when they are.
 *
 * @see mm/memory.c alloc_swap_folio
 */
import type { SwapSlot } from '../../swap/table.ts';
import type { Mm } from '../mm.ts';
import type { Region } from '../region.ts';
import { isUncachedRun } from './swap-run.ts';

/**
 * The largest order, up to `largest`, for which the aligned range around a page is swapped out to
 * an aligned run of slots of which none is in the swap cache or busy.
 *
 * @param slot - of the page at `index`
 */
export function swapInOrder(
  mm: Mm,
  region: Region,
  index: number,
  slot: SwapSlot,
  largest: number,
): number {
  if (mm.largeSwapin === 'never-with-zswap') return 0;
  for (let order = largest; order > 0; order -= 1) {
    const pages = 2 ** order;
    const within = index % pages;
    if ((slot - within) % pages !== 0 || index - within + pages > region.pageCount) continue;
    const first = (slot - within) as SwapSlot;
    if (isUncachedRun(mm, region, index - within, first, pages) && isIdle(mm, first, pages)) {
      return order;
    }
  }
  return 0;
}

function isIdle(mm: Mm, first: SwapSlot, pages: number): boolean {
  for (let i = 0; i < pages; i += 1) {
    if (mm.swap.cache.isBusy((first + i) as SwapSlot)) return false;
  }
  return true;
}

/**
 * The order, at most the one that was chosen, of what can come in without a wait; undefined if not
 * even the page itself can.
 *
 * @param slot - of the page at `index`
 */
export function orderWithoutWait(
  mm: Mm,
  index: number,
  slot: SwapSlot,
  order: number,
): number | undefined {
  const { cache, table } = mm.swap;
  if (cache.isBusy(slot) || table.kind(slot) === 'device') return undefined;
  const pages = 2 ** order;
  const first = slot - (index % pages);
  for (let i = 0; i < pages; i += 1) {
    // A page on the device would hold up those in memory: then this one alone comes in.
    if (table.kind((first + i) as SwapSlot) === 'device') return 0;
  }
  return order;
}
