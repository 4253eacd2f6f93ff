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
  return equalsZero(page);
}

function equalsZero(page: Uint8Array): boolean {
  for (let i = 0; i < PAGE_SIZE; i += 8) {
    const bits =
      (page[i] ?? 1) |
      (page[i + 1] ?? 1) |
      (page[i + 2] ?? 1) |
      (page[i + 3] ?? 1) |
      (page[i + 4] ?? 1) |
      (page[i + 5] ?? 1) |
      (page[i + 6] ?? 1) |
      (page[i + 7] ?? 1);
    if (bits !== 0) return false;
  }
  return true;
}

/** Fills `target[offset, offset + length)` with zeros; at most a page. */
export function zeroFill(target: Uint8Array, offset: number, length: number = PAGE_SIZE): void {
  if (length === PAGE_SIZE) target.set(ZERO_PAGE, offset);
  else target.fill(0, offset, offset + length);
}
