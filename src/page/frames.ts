/**
 * Page frames up to a limit: the memory that regions live in, and its buddy allocator. It plays the
 * kernel's page allocator for one zone, over chunks of 512 frames that are given back to the system
 * when wholly free.
 *
 * ```
 * pfn:   27 ... 9 | 8 ... 0
 *        block    | place       chunk = block - 1, so no frame has a number below 512
 * ```
 *
 * Invariants: no more frames are in use than the limit in force at their allocation; no chunk takes
 * memory if there are ceil(limit / 512) that have; a block comes from the lowest partly used chunk
 * that has one, then from the wholly free chunk that is kept, then from a new one. Of wholly free
 * chunks at most one is kept, so that a count that swings around a border does not take and return
 * memory each time, and none if there are more chunks than the limit asks for.
 *
 * A frame is not cleared, neither when it is freed nor when it is allocated: its content is that of
 * its last use until {@link Frames.zero} or a copy of a whole page.
 */
import { assert, present } from '../std/assert.ts';
import type { Brand } from '../std/brand.ts';
import { divCeil, PAGE_SIZE } from '../std/units.ts';
import { CHUNK_BYTES, CHUNK_FRAMES, FrameChunk, ORDER_MAX } from './frame-chunk.ts';
import { LowestSet, NO_MEMBER } from './lowest-set.ts';
import { zeroFill } from './page.ts';

export { ORDER_MAX } from './frame-chunk.ts';

/** Number of a page frame, 512 .. 2^28 - 1; 0 is none. */
export type Pfn = Brand<number, 'Pfn'>;

/** First number that is not a frame's. */
const PFN_END: number = 2 ** 28;
const BLOCK_SHIFT = 9;
const PLACE_MASK: number = CHUNK_FRAMES - 1;
/** The largest page limit: the lowest 512 numbers are nobody's. */
const PAGE_LIMIT_MAX: number = PFN_END - CHUNK_FRAMES;
const NO_FRAME = 0 as Pfn;

function pfnAt(chunk: number, place: number): Pfn {
  return (((chunk + 1) << BLOCK_SHIFT) | place) as Pfn;
}

export class Frames {
  /** Released chunks stay, without memory: see {@link FrameChunk}. */
  readonly #chunks: FrameChunk[] = [];
  /**
   * By order, the partly used chunks whose largest free block is of that order or larger. The spare
   * is in none of them.
   */
  readonly #open: readonly LowestSet[] = Array.from(
    { length: ORDER_MAX + 1 },
    () => new LowestSet(),
  );
  /** Chunks that have been released and have no memory. */
  readonly #released = new LowestSet();
  #spare = NO_MEMBER;
  #pageLimit = 0;
  #chunksMax = 0;
  #chunksResident = 0;
  #usedPages = 0;

  /**
   * @param options.pageLimit - pages in use at most; memory is taken as it is needed
   * @throws RangeError if the limit is not an integer of 0 .. 2^28 - 512
   */
  constructor(options: { readonly pageLimit: number }) {
    this.setPageLimit(options.pageLimit);
  }

  get pageLimit(): number {
    return this.#pageLimit;
  }

  get usedPages(): number {
    return this.#usedPages;
  }

  /** Pages that may still be allocated, one by one; 0 if more are in use than the limit says. */
  get freePages(): number {
    return Math.max(this.#pageLimit - this.#usedPages, 0);
  }

  /** Bytes of the chunks that have memory, free frames in them included. */
  get residentBytes(): number {
    return this.#chunksResident * CHUNK_BYTES;
  }

  /** All frames have numbers below this. */
  get frameEnd(): number {
    return pfnAt(this.#chunks.length, 0);
  }

  /** Bytes of the allocator's tables and of the views that were asked for. */
  get metadataBytes(): number {
    let bytes = this.#released.metadataBytes;
    for (const set of this.#open) bytes += set.metadataBytes;
    for (const chunk of this.#chunks) bytes += chunk.metadataBytes;
    return bytes;
  }

  /**
   * Sets how many pages may be in use. A limit below {@link usedPages} takes nothing away, it stops
   * allocation until enough has been freed. Frames stay where they are, so memory is returned as
   * chunks become wholly free.
   *
   * @throws RangeError if `pages` is not an integer of 0 .. 2^28 - 512
   */
  setPageLimit(pages: number): void {
    if (!Number.isInteger(pages) || pages < 0 || pages > PAGE_LIMIT_MAX) {
      throw new RangeError(`page limit ${pages} is not an integer of 0 to ${PAGE_LIMIT_MAX}`);
    }
    this.#pageLimit = pages;
    this.#chunksMax = divCeil(pages, CHUNK_FRAMES);
    this.#releaseExcessSpare();
  }

  /**
   * Takes 2^order frames in a row, at a multiple of 2^order. Their content is undefined: mostly
   * that of their last use. One frame can be had as long as {@link freePages} is not 0 and the
   * system has memory; a larger block may be refused because free frames are scattered.
   *
   * @param order - 0 .. 9
   * @returns the first frame; 0 if there is none
   */
  allocate(order: number): Pfn {
    assert(order >= 0 && order <= ORDER_MAX);
    if (this.#usedPages + (1 << order) > this.#pageLimit) return NO_FRAME;
    let number = present(this.#open[order]).lowest();
    let before: number;
    if (number === NO_MEMBER) {
      number = this.#takeWholeChunk();
      if (number === NO_MEMBER) return NO_FRAME;
      before = -1;
    } else before = present(this.#chunks[number]).largestFree;
    const chunk = present(this.#chunks[number]);
    const place = chunk.take(order);
    this.#usedPages += 1 << order;
    this.#moveInSets(number, before, chunk.largestFree);
    return pfnAt(number, place);
  }

  /** Gives back a block as {@link allocate} or {@link split} made it. */
  free(pfn: Pfn, order: number): void {
    const number = (pfn >>> BLOCK_SHIFT) - 1;
    const chunk = present(this.#chunks[number]);
    const before = chunk.largestFree;
    chunk.give(pfn & PLACE_MASK, order);
    this.#usedPages -= 1 << order;
    assert(this.#usedPages >= 0);
    const isUnused = chunk.freeFrames === CHUNK_FRAMES;
    this.#moveInSets(number, before, isUnused ? -1 : chunk.largestFree);
    if (isUnused) this.#retire(number);
  }

  /**
   * Makes an allocated block of 2^order frames as many blocks of one frame, each to be freed by
   * itself. Nothing is moved. @see mm/page_alloc.c split_page
   */
  split(pfn: Pfn, order: number): void {
    this.#chunkOf(pfn).split(pfn & PLACE_MASK, order);
  }

  /**
   * The 4096 bytes of an allocated frame. It is the same object each time, made at the first call
   * and kept for good, so that no call after that makes garbage. Whoever keeps it after the frame
   * is freed sees the frame's next user, or an empty array.
   */
  view(pfn: Pfn): Uint8Array {
    return this.#chunkOf(pfn).view(pfn & PLACE_MASK);
  }

  /** Copies the content of one allocated frame to another. */
  copyPage(from: Pfn, to: Pfn): void {
    const source = this.#chunkOf(from);
    const target = this.#chunkOf(to);
    const at = target.offset(to & PLACE_MASK);
    if (source === target) {
      const start = source.offset(from & PLACE_MASK);
      target.bytes.copyWithin(at, start, start + PAGE_SIZE);
    } else target.bytes.set(source.view(from & PLACE_MASK), at);
  }

  /** Fills an allocated frame with zeros. */
  zero(pfn: Pfn): void {
    const chunk = this.#chunkOf(pfn);
    zeroFill(chunk.bytes, chunk.offset(pfn & PLACE_MASK));
  }

  #chunkOf(pfn: Pfn): FrameChunk {
    return present(this.#chunks[(pfn >>> BLOCK_SHIFT) - 1]);
  }

  /** A chunk with all frames free, the one that is kept if there is one. */
  #takeWholeChunk(): number {
    const spare = this.#spare;
    if (spare === NO_MEMBER) return this.#addChunk();
    this.#spare = NO_MEMBER;
    return spare;
  }

  #addChunk(): number {
    if (this.#chunksResident >= this.#chunksMax) return NO_MEMBER;
    const released = this.#released.lowest();
    const number = released === NO_MEMBER ? this.#chunks.length : released;
    assert(number < PFN_END / CHUNK_FRAMES - 1);
    // Memory that the system refuses is an expected outcome here, and an exception is the only
    // way the language has to tell it.
    try {
      if (released === NO_MEMBER) this.#chunks[number] = new FrameChunk();
      else present(this.#chunks[number]).grow();
    } catch {
      return NO_MEMBER;
    }
    this.#released.delete(number);
    this.#chunksResident += 1;
    return number;
  }

  /** Keeps the lower of the wholly free chunks and returns the memory of the other. */
  #retire(number: number): void {
    const other = this.#spare;
    if (other === NO_MEMBER) this.#spare = number;
    else {
      this.#spare = Math.min(number, other);
      this.#release(Math.max(number, other));
    }
    this.#releaseExcessSpare();
  }

  #releaseExcessSpare(): void {
    if (this.#spare === NO_MEMBER || this.#chunksResident <= this.#chunksMax) return;
    this.#release(this.#spare);
    this.#spare = NO_MEMBER;
  }

  #release(number: number): void {
    present(this.#chunks[number]).release();
    this.#released.add(number);
    this.#chunksResident -= 1;
    assert(this.#chunksResident >= 0);
  }

  /** The largest free block of a chunk was of order `before` and is of order `after`; -1 none. */
  #moveInSets(number: number, before: number, after: number): void {
    for (let order = after + 1; order <= before; order += 1) {
      present(this.#open[order]).delete(number);
    }
    for (let order = before + 1; order <= after; order += 1) {
      present(this.#open[order]).add(number);
    }
  }
}
