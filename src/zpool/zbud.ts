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
import { assert } from '../std/assert.ts';
import { EINVAL, ENOMEM, ENOSPC, OK } from '../std/errno.ts';
import type { Arena } from './arena.ts';
import {
  BUDDY_SIZE_MAX,
  BuddyPages,
  buddyLocation,
  CHUNKS,
  chunksOf,
  FIRST,
  LAST,
  locationBuddy,
  locationPage,
} from './buddy-pages.ts';
import type { HandleCells, Zpool, ZpoolStatus } from './zpool.ts';

export class Zbud implements Zpool {
  readonly name = 'zbud';
  readonly #arena: Arena;
  readonly #cells: HandleCells;
  readonly #pages: BuddyPages;

  constructor(arena: Arena, cells: HandleCells) {
    this.#arena = arena;
    this.#cells = cells;
    this.#pages = new BuddyPages(arena);
  }

  get totalPages(): number {
    return this.#pages.count;
  }

  get metadataBytes(): number {
    return this.#pages.metadataBytes;
  }

  malloc(handle: number, size: number): ZpoolStatus {
    if (size <= 0) return EINVAL;
    if (size > BUDDY_SIZE_MAX) return ENOSPC;
    const pages = this.#pages;
    const chunks = chunksOf(size);
    let page = this.#takeUnbuddied(chunks);
    if (page === 0) page = pages.create();
    if (page === 0) return ENOMEM;
    const buddy = pages.chunks(page, FIRST) === 0 ? FIRST : LAST;
    assert(pages.chunks(page, buddy) === 0 && this.#freeChunks(page) >= chunks);
    pages.setChunks(page, buddy, chunks);
    if (!this.#isBuddied(page)) pages.insert(page, this.#freeChunks(page));
    this.#cells.setLocation(handle, buddyLocation(page, buddy));
    return OK;
  }

  free(handle: number): void {
    const pages = this.#pages;
    const location = this.#cells.location(handle);
    const page = locationPage(location);
    const buddy = locationBuddy(location);
    assert(pages.chunks(page, buddy) > 0);
    if (!this.#isBuddied(page)) pages.remove(page, this.#freeChunks(page));
    pages.setChunks(page, buddy, 0);
    if (pages.isEmpty(page)) pages.destroy(page);
    else pages.insert(page, this.#freeChunks(page));
  }

  write(handle: number, source: Uint8Array): void {
    this.#pages.write(this.#cells.location(handle), source);
  }

  read(handle: number, size: number, target: Uint8Array, targetOffset: number): void {
    this.#pages.read(this.#cells.location(handle), size, target, targetOffset);
  }

  /** Moves page frames of the arena's highest chunk; zbud never moved objects. */
  compact(moveBudget: number): number {
    return this.#arena.migrate(moveBudget);
  }

  #freeChunks(page: number): number {
    return CHUNKS - this.#pages.chunks(page, FIRST) - this.#pages.chunks(page, LAST);
  }

  #isBuddied(page: number): boolean {
    return this.#pages.chunks(page, FIRST) > 0 && this.#pages.chunks(page, LAST) > 0;
  }

  /** Takes the page with the least room that is enough off its list; 0 if there is none. */
  #takeUnbuddied(chunks: number): number {
    for (let free = chunks; free < CHUNKS; free++) {
      const page = this.#pages.head(free);
      if (page === 0) continue;
      this.#pages.remove(page, free);
      return page;
    }
    return 0;
  }
}
