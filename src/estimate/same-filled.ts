/** Pages that repeat one word: zram stores the word alone, and so did zswap before Linux 6.12. */
import { assert } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';

/** Bytes of the word. */
const WORD_BYTES = 8;

/**
 * Whether a page is one 8-byte word over and over; a zero page is.
 *
 * @see drivers/block/zram/zram_drv.c page_same_filled
 */
export function isSameFilled(page: Uint8Array): boolean {
  assert(page.length === PAGE_SIZE);
  // The end is looked at first: pages that begin alike mostly differ there.
  for (let at = PAGE_SIZE - 1; at >= WORD_BYTES; at--) {
    if (page[at] !== page[at - WORD_BYTES]) return false;
  }
  return true;
}
