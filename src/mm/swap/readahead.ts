/**
 * Which neighbours of a faulting page are read with it. There are two rules: by place on the swap
 * area, an aligned block of slots around the page's; and by place in the region, pages ahead of,
 * behind or around it as the faults went. Both make the window larger while pages that were read
 * ahead get used, and smaller by half at a time when they do not. Only numbers are handled here;
 * what lies in the window is found and read by the swap-in.
 *
 * @see mm/swap_state.c swap_cluster_readahead, swap_vma_readahead
 */
import { assert } from '../../std/assert.ts';

/** Log2 of the pages in the largest window by default (kernel `vm.page-cluster`). */
export const PAGE_CLUSTER_DEFAULT = 3;

/** Log2 of the pages in the largest window by region (kernel `SWAP_RA_ORDER_CEILING`). */
const REGION_ORDER_MAX = 5;
/** Hits are six bits wide in the kernel's packed state. */
const HITS_MAX = 63;
/** As if four pages read ahead had been used, so that the first window is a large one. */
const HITS_FIRST = 4;
/** A window by region stays within the pages of one page table (2 MiB). */
const PTRS_PER_PTE = 512;

/** What a window's size follows from: the faults before. */
export interface ReadaheadState {
  /** Where the window was chosen last, or a page of it was found since. */
  readonly previousPage: number;
  /** Pages read ahead that were used since. */
  readonly hits: number;
  /** Pages of the last window. */
  readonly window: number;
}

/**
 * Pages of the next window: 1 without hits, or 2 if the fault is next to the one before; with
 * hits, the power of two from 4 on that holds two more than them; never more than `pagesMax`, but
 * not less than half the previous window.
 *
 * @see mm/swap_state.c __swapin_nr_pages
 */
export function windowPages(state: ReadaheadState, page: number, pagesMax: number): number {
  let pages = 1;
  if (state.hits > 0) {
    pages = 4;
    while (pages < state.hits + 2) pages *= 2;
  } else if (Math.abs(page - state.previousPage) === 1) pages = 2;
  return Math.max(Math.min(pages, pagesMax), state.window >>> 1);
}

/**
 * Readahead by place on the swap areas. There is one state for all of them, as what is near on an
 * area was swapped out at about the same time, whoever it belongs to.
 */
export class ClusterReadahead implements ReadaheadState {
  previousPage = 0;
  hits: number = HITS_FIRST;
  window = 0;
  /** The window planned last: pages of the area from `start` to before `end`. */
  start = 0;
  end = 0;

  /**
   * Plans the aligned block of slots around a fault, cut off at the end of the area.
   *
   * @param page - of the area, below `pageCount`
   * @param pageCluster - log2 of the largest window; 0: never anything but the page
   * @see mm/swap_state.c swapin_nr_pages, swap_cluster_readahead
   */
  plan(page: number, pageCount: number, pageCluster: number): void {
    assert(page >= 0 && page < pageCount);
    let pages = 1;
    if (pageCluster > 0) {
      pages = windowPages(this, page, 2 ** pageCluster);
      if (this.hits === 0) this.previousPage = page;
      this.hits = 0;
      this.window = pages;
    }
    this.start = page - (page % pages);
    this.end = Math.min(this.start + pages, pageCount);
  }

  /** Notes that a page that was read ahead is used. @see mm/swap_state.c swap_cache_get_folio */
  hit(): void {
    this.hits += 1;
  }
}

/** Readahead by place in one region. */
export class RegionReadahead implements ReadaheadState {
  previousPage = 0;
  hits: number = HITS_FIRST;
  window = 0;
  /** The window planned last: pages of the region from `start` to before `end`. */
  start = 0;
  end = 0;

  /**
   * Plans the pages from a fault on if it follows the one before, up to it if it precedes that, or
   * else around it; only those of the region, and of the page's page table.
   *
   * @param page - of the region, below `pageCount`
   * @param pageCluster - log2 of the largest window, of which no more than
   *   {@link REGION_ORDER_MAX} counts; 0: never anything but the page
   * @see mm/swap_state.c swap_vma_ra_win
   */
  plan(page: number, pageCount: number, pageCluster: number): void {
    assert(page >= 0 && page < pageCount);
    this.start = page;
    this.end = page + 1;
    if (pageCluster === 0) return;
    const previous = this.previousPage;
    const pages = windowPages(this, page, 2 ** Math.min(pageCluster, REGION_ORDER_MAX));
    this.previousPage = page;
    this.hits = 0;
    this.window = pages;
    if (pages === 1) return;
    let first = page - ((pages - 1) >>> 1);
    if (page === previous + 1) first = page;
    else if (page === previous - 1) first = page - pages + 1;
    const table = page - (page % PTRS_PER_PTE);
    this.start = Math.max(first, table);
    this.end = Math.min(first + pages, table + PTRS_PER_PTE, pageCount);
  }

  /**
   * Notes that a faulting page was found in the swap cache.
   *
   * @param readAhead - it was read ahead, and this is its first use
   * @see mm/swap_state.c swap_update_readahead
   */
  found(page: number, readAhead: boolean): void {
    this.previousPage = page;
    if (readAhead) this.hits = Math.min(this.hits + 1, HITS_MAX);
  }
}
