/**
 * z3fold, zbud with a third object between the two (removed in Linux 6.15). Kept for comparison.
 *
 * ```
 * chunk 0   1             start of middle                           63
 * +--------+-------+- - -+---------------+- - - - - -+--------------+
 * | header | FIRST |     |    MIDDLE     |           |         LAST |
 * +--------+-------+- - -+---------------+- - - - - -+--------------+
 * ```
 *
 * An object too large to leave room for a header takes a whole page ('headless'). After a free, a
 * lone object moves to another page that has room, or the middle slides so that the room left is
 * in one piece. The kernel does that in a worker per processor and must not move what is mapped or
 * claimed; nothing is mapped between two calls here, so it is done at once. Its handles point at
 * slots of the page they were allocated in and become 'foreign' when the object moves; a caller's
 * cell belongs to no page, so it is simply rewritten. The header chunk holds the handles for that.
 *
 * A page with one or two objects is on the list of its free chunks; others are on none.
 *
 * Kernel: mm/z3fold.c z3fold_alloc, z3fold_free, num_free_chunks, z3fold_compact_page,
 * compact_single_buddy of Linux 6.11.
 */
import { assert } from '../../std/assert.ts';
import { ENOMEM, ENOSPC, OK } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { ZpoolStatus } from '../zpool.ts';
import {
  type Buddy,
  buddyLocation,
  CHUNK_SHIFT,
  CHUNKS,
  FIRST,
  HEADER_CHUNKS,
  HEADLESS,
  LAST,
  locationBuddy,
  locationPage,
  MIDDLE,
  TOTAL_CHUNKS,
} from './buddy-pages.ts';
import { BuddyZpool } from './buddy-zpool.ts';

/** Chunks between the middle and its neighbour that make sliding worth while. */
const BIG_CHUNK_GAP = 3;
/** Byte of the header where the handle of a buddy stands. */
const handleOffset = (buddy: Buddy): number => buddy << 2;

export class Z3fold extends BuddyZpool {
  readonly name = 'z3fold';

  free(handle: number): number {
    const pages = this.pages;
    const location = this.cells.location(handle);
    const page = locationPage(location);
    const buddy = locationBuddy(location);
    const tag = pages.tag(page, buddy);
    if (buddy === HEADLESS) {
      pages.destroy(page);
      return tag;
    }
    assert(pages.chunks(page, buddy) > 0);
    assert(this.#handleOf(page, buddy) === handle);
    this.unfile(page);
    pages.setChunks(page, buddy, 0);
    if (pages.isEmpty(page) || this.#moveLoneObject(page)) {
      pages.destroy(page);
      return tag;
    }
    this.#slideMiddle(page);
    this.file(page);
    return tag;
  }

  protected override mallocLarge(handle: number, size: number, tag: number): ZpoolStatus {
    if (size > PAGE_SIZE) return ENOSPC;
    const page = this.pages.create();
    if (page === 0) return ENOMEM;
    this.pages.setTag(page, HEADLESS, tag);
    this.cells.setLocation(handle, buddyLocation(page, HEADLESS));
    return OK;
  }

  #freeBeforeMiddle(page: number): number {
    if (this.pages.chunks(page, FIRST) > 0) return 0;
    return this.pages.startMiddle(page) - HEADER_CHUNKS;
  }

  #freeAfterMiddle(page: number): number {
    if (this.pages.chunks(page, LAST) > 0) return 0;
    return TOTAL_CHUNKS - this.pages.startMiddle(page) - this.pages.chunks(page, MIDDLE);
  }

  protected freeChunks(page: number): number {
    const pages = this.pages;
    if (pages.chunks(page, MIDDLE) > 0) {
      return Math.max(this.#freeBeforeMiddle(page), this.#freeAfterMiddle(page));
    }
    return CHUNKS - pages.chunks(page, FIRST) - pages.chunks(page, LAST);
  }

  protected isFull(page: number): boolean {
    const pages = this.pages;
    return (
      pages.chunks(page, FIRST) > 0 &&
      pages.chunks(page, MIDDLE) > 0 &&
      pages.chunks(page, LAST) > 0
    );
  }

  protected place(page: number, chunks: number, handle: number, tag: number): Buddy {
    const pages = this.pages;
    const buddy = this.#freeBuddy(page, chunks);
    assert(pages.chunks(page, buddy) === 0 && this.freeChunks(page) >= chunks);
    if (buddy === MIDDLE) pages.setStartMiddle(page, HEADER_CHUNKS + pages.chunks(page, FIRST));
    pages.setChunks(page, buddy, chunks);
    pages.setTag(page, buddy, tag);
    this.#setHandle(page, buddy, handle);
    return buddy;
  }

  #freeBuddy(page: number, chunks: number): Buddy {
    const pages = this.pages;
    if (pages.chunks(page, MIDDLE) > 0) {
      return this.#freeBeforeMiddle(page) >= chunks ? FIRST : LAST;
    }
    if (pages.chunks(page, FIRST) === 0) return FIRST;
    return pages.chunks(page, LAST) === 0 ? LAST : MIDDLE;
  }

  #handleOf(page: number, buddy: Buddy): number {
    return this.arena.memory.word(this.pages.frame(page), handleOffset(buddy));
  }

  /** Notes that the object of `handle` is at `buddy`, in the page and in the handle's cell. */
  #setHandle(page: number, buddy: Buddy, handle: number): void {
    this.arena.memory.setWord(this.pages.frame(page), handleOffset(buddy), handle);
    this.cells.setLocation(handle, buddyLocation(page, buddy));
  }

  /**
   * Moves the only object of a page, which is on no list, to another page.
   *
   * @returns true if the page is empty now.
   */
  #moveLoneObject(page: number): boolean {
    const pages = this.pages;
    const lone = this.#loneBuddy(page);
    if (lone === HEADLESS) return false;
    const chunks = pages.chunks(page, lone);
    const target = this.takeUnbuddied(chunks);
    if (target === 0) return false;
    const size = chunks << CHUNK_SHIFT;
    const { memory } = this.arena;
    const tag = pages.tag(page, lone);
    const buddy = this.place(target, chunks, this.#handleOf(page, lone), tag);
    memory.read(pages.frame(page), pages.offset(page, lone), size, memory.scratch.bytes, 0);
    memory.write(pages.frame(target), pages.offset(target, buddy), memory.scratch.of(size));
    pages.setChunks(page, lone, 0);
    this.file(target);
    return true;
  }

  /** The place of a page's only object; HEADLESS if it has more. */
  #loneBuddy(page: number): Buddy {
    const pages = this.pages;
    const first = pages.chunks(page, FIRST) > 0;
    const middle = pages.chunks(page, MIDDLE) > 0;
    const last = pages.chunks(page, LAST) > 0;
    if (Number(first) + Number(middle) + Number(last) !== 1) return HEADLESS;
    if (first) return FIRST;
    return middle ? MIDDLE : LAST;
  }

  /** Slides the middle of a page to where it leaves the most room in one piece. */
  #slideMiddle(page: number): void {
    const pages = this.pages;
    const chunks = pages.chunks(page, MIDDLE);
    if (chunks === 0) return;
    const first = pages.chunks(page, FIRST);
    const last = pages.chunks(page, LAST);
    const start = pages.startMiddle(page);
    if (first === 0 && last === 0) {
      this.#slide(page, HEADER_CHUNKS, start, chunks);
      pages.setChunks(page, MIDDLE, 0);
      pages.setChunks(page, FIRST, chunks);
      pages.setTag(page, FIRST, pages.tag(page, MIDDLE));
      this.#setHandle(page, FIRST, this.#handleOf(page, MIDDLE));
    } else if (last === 0 && start - HEADER_CHUNKS - first >= BIG_CHUNK_GAP) {
      this.#slide(page, HEADER_CHUNKS + first, start, chunks);
    } else if (first === 0 && TOTAL_CHUNKS - last - start - chunks >= BIG_CHUNK_GAP) {
      this.#slide(page, TOTAL_CHUNKS - last - chunks, start, chunks);
    }
  }

  #slide(page: number, to: number, start: number, chunks: number): void {
    const frame = this.pages.frame(page);
    this.arena.memory.slide(frame, to << CHUNK_SHIFT, start << CHUNK_SHIFT, chunks << CHUNK_SHIFT);
    this.pages.setStartMiddle(page, to);
  }
}
