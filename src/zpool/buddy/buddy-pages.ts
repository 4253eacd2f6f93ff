/**
 * What zbud and z3fold have in common: pages of 64 chunks of 64 bytes, the first of which is the
 * header, that hold two or three objects, and lists of the pages with room by their free chunks.
 * The kernel keeps the record of a page in its header chunk; here it stands in columns, outside
 * memory that is slow to read word by word, and the header chunk, which stays reserved so that as
 * much fits into a page as in the kernel, has the objects' tags.
 *
 * Kernel: mm/zbud.c and mm/z3fold.c of Linux 6.11.
 */
import { assert, present } from '../../std/assert.ts';
import { IndexBlocks } from '../../std/index-blocks.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { type Arena, type FrameOwner, PoolFrames } from '../arena.ts';
import type { FrameMemory } from '../frame-memory.ts';

export const CHUNK_SHIFT = 6;
const CHUNK_SIZE = 1 << CHUNK_SHIFT;
/** Chunks in a page. */
export const TOTAL_CHUNKS: number = PAGE_SIZE >> CHUNK_SHIFT;
/** Chunks of the header. */
export const HEADER_CHUNKS = 1;
/** Chunks for objects. */
export const CHUNKS: number = TOTAL_CHUNKS - HEADER_CHUNKS;
/** Largest object beside a header: one that took all chunks would leave no room for a buddy. */
export const BUDDY_SIZE_MAX: number = PAGE_SIZE - (HEADER_CHUNKS + 1) * CHUNK_SIZE;

/** Where an object lies in its page. */
export const HEADLESS = 0;
export const FIRST = 1;
export const MIDDLE = 2;
export const LAST = 3;
export type Buddy = typeof HEADLESS | typeof FIRST | typeof MIDDLE | typeof LAST;

/** Chunks that `size` bytes take. */
export function chunksOf(size: number): number {
  return (size + CHUNK_SIZE - 1) >> CHUNK_SHIFT;
}

const BLOCK_SHIFT = 10;
const PLACE_MASK = (1 << BLOCK_SHIFT) - 1;
const RECORD_SHIFT = 2;
/**
 * Words of a record: list links, frame, and a byte each for first, middle, last, middle's start.
 */
const NEXT = 0;
const PREVIOUS = 1;
/** The tag of an object without a header, whose page is on no list. */
const HEADLESS_TAG = PREVIOUS;
const FRAME = 2;
const CHUNK_COUNTS = 3;
const BYTE_MASK = 0xff;
const START_SHIFT = 24;

/** Byte of the header where the tag of a buddy stands, behind the handles of z3fold. */
const tagOffset = (buddy: Buddy): number => 16 + (buddy << 2);

/** Page numbers are below this, so that page and buddy fit a handle's 32-bit cell. */
const PAGE_END = 1 << 24;
const BUDDY_BITS = 8;

/** What a handle's cell holds: page number and buddy. */
export function buddyLocation(page: number, buddy: Buddy): number {
  return ((page << BUDDY_BITS) | buddy) >>> 0;
}

export function locationPage(location: number): number {
  return location >>> BUDDY_BITS;
}

export function locationBuddy(location: number): Buddy {
  const buddy = location & ((1 << BUDDY_BITS) - 1);
  assert(buddy === HEADLESS || buddy === FIRST || buddy === MIDDLE || buddy === LAST);
  return buddy;
}

export class BuddyPages implements FrameOwner {
  readonly #frames: PoolFrames;
  readonly #memory: FrameMemory;
  readonly #records = new IndexBlocks(BLOCK_SHIFT, 1 << RECORD_SHIFT, NEXT);
  /** First page of each list, 0: none. */
  readonly #heads = new Uint32Array(TOTAL_CHUNKS);

  constructor(arena: Arena) {
    this.#frames = new PoolFrames(arena, this);
    this.#memory = arena.memory;
  }

  /** Pages held. */
  get count(): number {
    return this.#frames.count;
  }

  get metadataBytes(): number {
    return this.#records.metadataBytes + this.#heads.byteLength;
  }

  /** A page without objects, on no list; 0 if there is no memory. */
  create(): number {
    let page = this.#records.take();
    if (page === 0) {
      const block = this.#records.nextBlock();
      if (block << BLOCK_SHIFT >= PAGE_END) return 0;
      this.#records.add(block);
      page = this.#records.take();
    }
    const frame = this.#frames.alloc(page);
    if (frame === 0) {
      this.#records.give(page);
      return 0;
    }
    this.#set(page, FRAME, frame);
    this.#set(page, CHUNK_COUNTS, 0);
    return page;
  }

  /** Gives back a page without objects that is on no list. */
  destroy(page: number): void {
    assert(this.isEmpty(page));
    this.#frames.free(this.frame(page));
    this.#records.give(page);
  }

  frame(page: number): number {
    return this.#get(page, FRAME);
  }

  /** Chunks of the object at `buddy`; 0 if there is none. */
  chunks(page: number, buddy: Buddy): number {
    return (this.#get(page, CHUNK_COUNTS) >>> chunkCountShift(buddy)) & BYTE_MASK;
  }

  setChunks(page: number, buddy: Buddy, chunks: number): void {
    const shift = chunkCountShift(buddy);
    const rest = this.#get(page, CHUNK_COUNTS) & ~(BYTE_MASK << shift);
    this.#set(page, CHUNK_COUNTS, rest | (chunks << shift));
  }

  /** The chunk where MIDDLE begins; of no meaning without a MIDDLE. */
  startMiddle(page: number): number {
    return this.#get(page, CHUNK_COUNTS) >>> START_SHIFT;
  }

  setStartMiddle(page: number, chunk: number): void {
    const rest = this.#get(page, CHUNK_COUNTS) & ~(BYTE_MASK << START_SHIFT);
    this.#set(page, CHUNK_COUNTS, rest | (chunk << START_SHIFT));
  }

  /** True if the page holds no object beside a header. */
  isEmpty(page: number): boolean {
    return (this.#get(page, CHUNK_COUNTS) & ((1 << START_SHIFT) - 1)) === 0;
  }

  /** Byte of the page where the object at `buddy` begins. */
  offset(page: number, buddy: Buddy): number {
    switch (buddy) {
      case HEADLESS:
        return 0;
      case FIRST:
        return HEADER_CHUNKS << CHUNK_SHIFT;
      case MIDDLE:
        return this.startMiddle(page) << CHUNK_SHIFT;
      case LAST:
        return (TOTAL_CHUNKS - this.chunks(page, LAST)) << CHUNK_SHIFT;
    }
  }

  /** The caller's tag of the object at `buddy`. */
  tag(page: number, buddy: Buddy): number {
    if (buddy === HEADLESS) return this.#get(page, HEADLESS_TAG);
    return this.#memory.word(this.frame(page), tagOffset(buddy));
  }

  setTag(page: number, buddy: Buddy, tag: number): void {
    if (buddy === HEADLESS) this.#set(page, HEADLESS_TAG, tag);
    else this.#memory.setWord(this.frame(page), tagOffset(buddy), tag);
  }

  write(location: number, source: Uint8Array): void {
    const page = locationPage(location);
    const buddy = locationBuddy(location);
    if (buddy !== HEADLESS) assert(chunksOf(source.length) === this.chunks(page, buddy));
    this.#memory.write(this.frame(page), this.offset(page, buddy), source);
  }

  read(location: number, size: number, target: Uint8Array, targetOffset: number): void {
    const page = locationPage(location);
    const offset = this.offset(page, locationBuddy(location));
    this.#memory.read(this.frame(page), offset, size, target, targetOffset);
  }

  /** First page of list `list`, 0: none. */
  head(list: number): number {
    return present(this.#heads[list]);
  }

  /** Puts a page at the front of list `list`, 0..63. */
  insert(page: number, list: number): void {
    const head = present(this.#heads[list]);
    this.#set(page, NEXT, head);
    this.#set(page, PREVIOUS, 0);
    if (head !== 0) this.#set(head, PREVIOUS, page);
    this.#heads[list] = page;
  }

  /** Takes a page off list `list`. */
  remove(page: number, list: number): void {
    const next = this.#get(page, NEXT);
    const previous = this.#get(page, PREVIOUS);
    if (next !== 0) this.#set(next, PREVIOUS, previous);
    if (previous !== 0) {
      this.#set(previous, NEXT, next);
    } else {
      assert(this.#heads[list] === page);
      this.#heads[list] = next;
    }
  }

  frameMoved(page: number, from: number, to: number): void {
    assert(this.frame(page) === from);
    this.#set(page, FRAME, to);
  }

  #get(page: number, word: number): number {
    const block = this.#records.records(page >>> BLOCK_SHIFT);
    return present(block[((page & PLACE_MASK) << RECORD_SHIFT) | word]);
  }

  #set(page: number, word: number, value: number): void {
    const block = this.#records.records(page >>> BLOCK_SHIFT);
    block[((page & PLACE_MASK) << RECORD_SHIFT) | word] = value;
  }
}

function chunkCountShift(buddy: Buddy): number {
  assert(buddy !== HEADLESS);
  return (buddy - FIRST) << 3;
}
