/**
 * Two MiB of page frames in a resizable buffer, and the buddy allocator over them. `resize(0)`
 * returns the memory to the system at once, where a dropped buffer would stay until a major
 * collection; a chunk that takes memory again keeps its buffer and its views, which the garbage
 * collector would otherwise count as new ones, by their full size.
 *
 * A block is 2^order frames at a multiple of 2^order. Blocks are the nodes of a binary tree: node 1
 * is the whole chunk, nodes 2n and 2n + 1 are the halves (buddies) of node n.
 *
 * ```
 * order 9   [                    1                    ]
 * order 8   [         2         ][         3          ]
 *   ...
 * order 0   [512][513]  ...                     [1023]     node = (512 + place) >> order
 * ```
 *
 * Invariants: the free bitmap has a bit for a node exactly if its block is free as a whole and its
 * parent is not, so two buddies are never both in it; `#orders` holds order + 1 for every frame of
 * an allocated block, and 0 for free frames. So an aligned place whose word is order + 1 is the
 * first of a block of that order.
 *
 * @see mm/page_alloc.c expand, __free_one_page
 */
import { assert, present } from '../std/assert.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../std/units.ts';

/** The largest block is 2^9 frames: a kernel huge page, and a chunk. */
export const ORDER_MAX = 9;
/** Frames of a chunk. */
export const CHUNK_FRAMES = 512;
export const CHUNK_BYTES: number = CHUNK_FRAMES * PAGE_SIZE;

const NODES = 2 * CHUNK_FRAMES;
/** About what a typed array object takes in the heap besides its buffer. */
const VIEW_BYTES = 104;
/** The same with the slot that refers to it. */
const FRAME_VIEW_BYTES: number = VIEW_BYTES + 8;

export class FrameChunk {
  /** The whole chunk; empty while released. Follows the buffer's length. */
  readonly bytes: Uint8Array;
  readonly #buffer: ArrayBuffer;
  /** A bit per node. Signed, so that no word is a number object in unoptimized code. */
  readonly #free = new Int32Array(NODES >>> 5);
  /** Free blocks by order. */
  readonly #freeCounts = new Uint16Array(ORDER_MAX + 1);
  readonly #orders = new Uint8Array(CHUNK_FRAMES);
  /** By place; empty until one is asked for. */
  #views: (Uint8Array | undefined)[] = [];
  #viewCount = 0;
  /** Bit o is set if there is a free block of order o. */
  #freeOrders = 0;
  #freeFrames = CHUNK_FRAMES;

  /** @throws RangeError if the system has no memory. */
  constructor() {
    this.#buffer = new ArrayBuffer(CHUNK_BYTES, { maxByteLength: CHUNK_BYTES });
    this.bytes = new Uint8Array(this.#buffer);
    this.#insert(0, ORDER_MAX);
  }

  get freeFrames(): number {
    return this.#freeFrames;
  }

  /** Order of the largest free block; -1 if nothing is free. */
  get largestFree(): number {
    return 31 - Math.clz32(this.#freeOrders);
  }

  get metadataBytes(): number {
    const columns = this.#free.byteLength + this.#freeCounts.byteLength + CHUNK_FRAMES;
    return columns + 4 * VIEW_BYTES + this.#viewCount * FRAME_VIEW_BYTES;
  }

  /**
   * Takes memory again after {@link release}.
   *
   * @throws RangeError if the system has none.
   */
  grow(): void {
    assert(this.#buffer.byteLength === 0);
    this.#buffer.resize(CHUNK_BYTES);
  }

  /** Returns the memory to the system. Views of the frames are empty until {@link grow}. */
  release(): void {
    assert(this.#freeFrames === CHUNK_FRAMES);
    this.#buffer.resize(0);
  }

  /** Takes a block, which there must be. The smallest that is large enough is split for it. */
  take(order: number): number {
    assert(this.#freeOrders >>> order !== 0);
    const candidates = (this.#freeOrders >>> order) << order;
    let at = 31 - Math.clz32(candidates & -candidates);
    const place = this.#lowest(at);
    this.#remove(place, at);
    while (at > order) {
      at -= 1;
      this.#insert(place + (1 << at), at);
    }
    assert(this.#orders[place] === 0);
    this.#mark(place, order, order + 1);
    this.#freeFrames -= 1 << order;
    return place;
  }

  /** Gives a block back as it was taken, and merges it with its buddy as long as that is free. */
  give(place: number, order: number): void {
    this.#assertBlock(place, order);
    this.#mark(place, order, 0);
    this.#freeFrames += 1 << order;
    let size = order;
    // Any place in a block names its node.
    while (size < ORDER_MAX && this.#isFree(place ^ (1 << size), size)) {
      this.#remove(place ^ (1 << size), size);
      size += 1;
    }
    this.#insert(place, size);
  }

  /** Makes a block of 2^order frames as many blocks of one frame. */
  split(place: number, order: number): void {
    this.#assertBlock(place, order);
    this.#mark(place, order, 1);
  }

  /** The one view of an allocated frame. */
  view(place: number): Uint8Array {
    assert(this.#orders[place] !== 0, 'frame is free');
    return this.#views[place] ?? this.#makeView(place);
  }

  /** Where an allocated frame begins in `bytes`. */
  offset(place: number): number {
    assert(this.#orders[place] !== 0, 'frame is free');
    return place << PAGE_SHIFT;
  }

  #makeView(place: number): Uint8Array {
    if (this.#views.length === 0) {
      this.#views = Array.from<Uint8Array | undefined>({ length: CHUNK_FRAMES });
    }
    const view = new Uint8Array(this.#buffer, place << PAGE_SHIFT, PAGE_SIZE);
    this.#views[place] = view;
    this.#viewCount += 1;
    return view;
  }

  #assertBlock(place: number, order: number): void {
    assert(order >= 0 && order <= ORDER_MAX);
    assert((place & ((1 << order) - 1)) === 0, 'block is not aligned to its order');
    assert(this.#orders[place] === order + 1, 'not an allocated block of this order');
  }

  #mark(place: number, order: number, value: number): void {
    if (order === 0) this.#orders[place] = value;
    else this.#orders.fill(value, place, place + (1 << order));
  }

  /** Place of the lowest free block of exactly this order, which there must be. */
  #lowest(order: number): number {
    const first = CHUNK_FRAMES >>> order;
    let node: number;
    if (first < 32) {
      const bits = present(this.#free[0]) & (((1 << first) - 1) << first);
      node = 31 - Math.clz32(bits & -bits);
    } else {
      let word = first >>> 5;
      while (this.#free[word] === 0) word += 1;
      const bits = present(this.#free[word]);
      node = (word << 5) + 31 - Math.clz32(bits & -bits);
    }
    assert(node >= first && node < 2 * first);
    return (node - first) << order;
  }

  #isFree(place: number, order: number): boolean {
    const node = (CHUNK_FRAMES + place) >>> order;
    return (present(this.#free[node >>> 5]) & (1 << (node & 31))) !== 0;
  }

  #insert(place: number, order: number): void {
    const node = (CHUNK_FRAMES + place) >>> order;
    this.#free[node >>> 5] = present(this.#free[node >>> 5]) | (1 << (node & 31));
    this.#freeCounts[order] = present(this.#freeCounts[order]) + 1;
    this.#freeOrders |= 1 << order;
  }

  #remove(place: number, order: number): void {
    const node = (CHUNK_FRAMES + place) >>> order;
    this.#free[node >>> 5] = present(this.#free[node >>> 5]) & ~(1 << (node & 31));
    const left = present(this.#freeCounts[order]) - 1;
    this.#freeCounts[order] = left;
    if (left === 0) this.#freeOrders &= ~(1 << order);
  }
}
