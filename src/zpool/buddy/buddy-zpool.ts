/**
 * What zbud and z3fold do alike: an object goes to the page with the least room that is enough, or
 * to a new one, and a page with room is on the list of its free chunks. Where in the page it goes,
 * and what happens when one is freed, is what they differ in.
 */
import { EINVAL, ENOMEM, ENOSPC, OK } from '../../std/errno.ts';
import type { Arena } from '../arena.ts';
import type { HandleCells, Zpool, ZpoolStatus } from '../zpool.ts';
import {
  BUDDY_SIZE_MAX,
  BuddyPages,
  CHUNKS,
  chunksOf,
  locationBuddy,
  locationPage,
} from './buddy-pages.ts';

export abstract class BuddyZpool implements Zpool {
  abstract readonly name: string;
  protected readonly arena: Arena;
  protected readonly cells: HandleCells;
  protected readonly pages: BuddyPages;

  constructor(arena: Arena, cells: HandleCells) {
    this.arena = arena;
    this.cells = cells;
    this.pages = new BuddyPages(arena);
  }

  get totalPages(): number {
    return this.pages.count;
  }

  get metadataBytes(): number {
    return this.pages.metadataBytes;
  }

  malloc(handle: number, size: number, tag: number = 0): ZpoolStatus {
    if (size <= 0) return EINVAL;
    if (size > BUDDY_SIZE_MAX) return this.mallocLarge(handle, size, tag);
    const chunks = chunksOf(size);
    let page = this.takeUnbuddied(chunks);
    if (page === 0) page = this.pages.create();
    if (page === 0) return ENOMEM;
    this.place(page, chunks, handle, tag);
    this.file(page);
    return OK;
  }

  abstract free(handle: number): number;

  tag(handle: number): number {
    const location = this.cells.location(handle);
    return this.pages.tag(locationPage(location), locationBuddy(location));
  }

  write(handle: number, source: Uint8Array): void {
    this.pages.write(this.cells.location(handle), source);
  }

  read(handle: number, size: number, target: Uint8Array, targetOffset: number): void {
    this.pages.read(this.cells.location(handle), size, target, targetOffset);
  }

  /** Moves page frames of the arena's highest chunk; objects are not moved by it. */
  compact(moveBudget: number): number {
    return this.arena.migrate(moveBudget);
  }

  /** Gives `handle` a place in a page that has room for it and is on no list. */
  protected abstract place(page: number, chunks: number, handle: number, tag: number): void;

  /** Chunks of the largest object that still fits into a page that is not full. */
  protected abstract freeChunks(page: number): number;

  /** True if the page has as many objects as it can have. */
  protected abstract isFull(page: number): boolean;

  /** Places an object that is too large to leave room for a buddy. */
  protected mallocLarge(_handle: number, _size: number, _tag: number): ZpoolStatus {
    return ENOSPC;
  }

  /** Puts a page on the list of its free chunks if it has room. */
  protected file(page: number): void {
    if (!this.isFull(page)) this.pages.insert(page, this.freeChunks(page));
  }

  /** Takes a page off its list; to be called before anything of it changes. */
  protected unfile(page: number): void {
    if (!this.isFull(page)) this.pages.remove(page, this.freeChunks(page));
  }

  /** Takes the page with the least room that is enough off its list; 0 if there is none. */
  protected takeUnbuddied(chunks: number): number {
    for (let free = chunks; free < CHUNKS; free++) {
      const page = this.pages.head(free);
      if (page === 0) continue;
      this.pages.remove(page, free);
      return page;
    }
    return 0;
  }
}
