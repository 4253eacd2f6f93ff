/**
 * zbud, the simplest of the kernel's allocators for compressed pages (removed in Linux 6.15): at
 * most two objects a page, the first at its left end behind the header, the last at its right end.
 * It never saves more than half, and in exchange every object is found and freed without any
 * search. Kept for comparison.
 *
 * A page with one object is on the list of its free chunks; a page with two is on none.
 *
 * Kernel: mm/zbud.c zbud_alloc, zbud_free of Linux 6.11.
 */
import { assert } from '../../std/assert.ts';
import { buddyLocation, CHUNKS, FIRST, LAST, locationBuddy, locationPage } from './buddy-pages.ts';
import { BuddyZpool } from './buddy-zpool.ts';

export class Zbud extends BuddyZpool {
  readonly name = 'zbud';

  free(handle: number): number {
    const { pages } = this;
    const location = this.cells.location(handle);
    const page = locationPage(location);
    const buddy = locationBuddy(location);
    assert(pages.chunks(page, buddy) > 0);
    const tag = pages.tag(page, buddy);
    this.unfile(page);
    pages.setChunks(page, buddy, 0);
    if (pages.isEmpty(page)) pages.destroy(page);
    else this.file(page);
    return tag;
  }

  protected place(page: number, chunks: number, handle: number, tag: number): void {
    const { pages } = this;
    const buddy = pages.chunks(page, FIRST) === 0 ? FIRST : LAST;
    assert(pages.chunks(page, buddy) === 0 && this.freeChunks(page) >= chunks);
    pages.setChunks(page, buddy, chunks);
    pages.setTag(page, buddy, tag);
    this.cells.setLocation(handle, buddyLocation(page, buddy));
  }

  protected freeChunks(page: number): number {
    return CHUNKS - this.pages.chunks(page, FIRST) - this.pages.chunks(page, LAST);
  }

  protected isFull(page: number): boolean {
    return this.pages.chunks(page, FIRST) > 0 && this.pages.chunks(page, LAST) > 0;
  }
}
