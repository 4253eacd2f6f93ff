/** The 4 KiB page: what is moved. */
import { assert } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';

const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

/**
 * Says whether a page holds only zeros. The last word is looked at first, as the kernel does: a
 * page that begins with zeros but is not zero-filled differs at its end more often than in its
 * middle.
 *
 * @param page - 4096 bytes, any alignment
 * @see mm/page_io.c is_folio_zero_filled
 */
export function isZeroFilled(page: Uint8Array): boolean {
  assert(page.length === PAGE_SIZE);
  if (page[PAGE_SIZE - 1] !== 0 || page[0] !== 0) return false;
  if (page[PAGE_SIZE - 8] !== 0 || page[PAGE_SIZE >> 1] !== 0) return false;
  return Buffer.compare(page, ZERO_PAGE) === 0;
}

/** Fills `target[offset, offset + length)` with zeros; at most a page. */
export function zeroFill(target: Uint8Array, offset: number, length: number = PAGE_SIZE): void {
  if (length === PAGE_SIZE) target.set(ZERO_PAGE, offset);
  else target.fill(0, offset, offset + length);
}
