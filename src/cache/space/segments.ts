/**
 * The region's address space in segments of 16 KiB, and how much of each is alive. Records of small
 * entries are packed into segments one after the other; a larger entry has segments of its own,
 * linked in order. A segment without anything alive is discarded, so that its pages cost nothing,
 * before it is used again; a sparse one can be found at once, to be cleaned.
 *
 *     free -> open -> packed ---> (queued) -> free        small entries
 *     free -> large ------------> (queued) -> free        one entry's
 *                      \-> parked -/                      while somebody reads it
 *
 * `queued`: its discard has to wait. `parked`: it died while a read of it was under way; its bytes
 * stay what they were until the reader is done.
 *
 * Four 32-bit words a segment, in chunks: live bytes, previous, next, state.
 */
import { assert, present } from '../../std/assert.ts';
import { LinkedList, type Links } from '../../std/list.ts';
import type { CacheMemory } from './memory.ts';

/** Four pages: enough that few bytes are lost at the end, and cleaning one is a short step. */
export const SEGMENT_BYTES = 16384;
/** Segments at most: a location has 22 bits for them. */
export const SEGMENT_COUNT_MAX: number = 2 ** 22 - 1;

const CHUNK_SHIFT = 10;
const CHUNK_SEGMENTS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_SEGMENTS - 1;
const FIELDS = 4;
const CHUNK_BYTES = CHUNK_SEGMENTS * FIELDS * 4;
const LIVE = 0;
const PREVIOUS = 1;
const NEXT = 2;
const STATE = 3;

const FREE = 0;
const QUEUED = 1;
const OPEN = 2;
const PACKED = 3;
const LARGE = 4;
const PARKED = 5;

/** Lists of packed segments by eighths of them that are alive. */
const FULLNESS_COUNT = 8;
/** Segments at least this full are not worth cleaning. */
const FULLNESS_SPARSE_END = 6;
/** Queued segments that are discarded before the list is looked at again. */
const DISCARD_BATCH = 64;

/** Where a segment begins in the region. Segment 0 is none. */
export function segmentOffset(segment: number): number {
  return (segment - 1) * SEGMENT_BYTES;
}

export class Segments implements Links {
  readonly limit: number;
  readonly #memory: CacheMemory;
  readonly #chunks: Uint32Array[] = [];
  readonly #fullness: readonly LinkedList[];
  readonly #queue: LinkedList;
  /** Readers of segments whose read waits; only those, so it stays small. */
  readonly #pins = new Map<number, number>();
  #freeHead = 0;
  #untouched = 1;
  #used = 0;
  #packed = 0;
  #packedLive = 0;
  #lost = 0;
  #draining: Promise<void> | undefined;

  constructor(memory: CacheMemory) {
    this.#memory = memory;
    this.limit = Math.min(Math.floor(memory.bytes / SEGMENT_BYTES), SEGMENT_COUNT_MAX);
    this.#fullness = Array.from({ length: FULLNESS_COUNT }, () => new LinkedList(this));
    this.#queue = new LinkedList(this);
  }

  /** Segments that hold or held something, those included whose discard has to wait. */
  get used(): number {
    return this.#used;
  }

  /** Segments that can be taken now. */
  get available(): number {
    return this.limit - this.#used - this.#lost;
  }

  /** Segments that will be free when their discards are done. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Segments that could not be given back because their discard failed. */
  get lost(): number {
    return this.#lost;
  }

  /** Bytes in packed segments that belong to no entry any more. */
  get deadBytes(): number {
    return this.#packed * SEGMENT_BYTES - this.#packedLive;
  }

  /** Bytes in packed segments. */
  get packedBytes(): number {
    return this.#packed * SEGMENT_BYTES;
  }

  get metadataBytes(): number {
    return this.#chunks.length * CHUNK_BYTES;
  }

  /** Bytes that taking `count` segments would add at most. */
  growthBytes(count: number): number {
    const end = this.#untouched + count;
    return Math.max(0, Math.ceil(end / CHUNK_SEGMENTS) - this.#chunks.length) * CHUNK_BYTES;
  }

  /** Takes a free segment, whose pages are zeros and cost nothing; there must be one. */
  take(kind: 'open' | 'large'): number {
    let segment = this.#freeHead;
    if (segment !== 0) this.#freeHead = this.next(segment);
    else {
      segment = this.#untouched;
      assert(segment <= this.limit);
      this.#untouched += 1;
      if (segment >>> CHUNK_SHIFT >= this.#chunks.length) {
        this.#chunks.push(new Uint32Array(CHUNK_SEGMENTS * FIELDS));
      }
    }
    assert(this.#get(segment, STATE) === FREE);
    this.#set(segment, STATE, kind === 'open' ? OPEN : LARGE);
    this.#set(segment, LIVE, 0);
    this.setNext(segment, 0);
    this.#used += 1;
    return segment;
  }

  live(segment: number): number {
    return this.#get(segment, LIVE);
  }

  isPacked(segment: number): boolean {
    return this.#get(segment, STATE) === PACKED;
  }

  addLive(segment: number, bytes: number): void {
    this.#set(segment, LIVE, this.live(segment) + bytes);
  }

  /** The open segment has been written: from now on it can be cleaned. */
  pack(segment: number): void {
    assert(this.#get(segment, STATE) === OPEN);
    const live = this.live(segment);
    this.#set(segment, STATE, PACKED);
    this.#packed += 1;
    this.#packedLive += live;
    this.#listOf(live).pushTail(segment);
    if (live === 0) this.#freePacked(segment);
  }

  /** A record of `bytes` is dead. A packed segment in which nothing is left is free with it. */
  subtractLive(segment: number, bytes: number): void {
    const live = this.live(segment);
    assert(bytes <= live);
    this.#set(segment, LIVE, live - bytes);
    if (this.#get(segment, STATE) !== PACKED) return;
    this.#packedLive -= bytes;
    const from = this.#listOf(live);
    const to = this.#listOf(live - bytes);
    if (from !== to) {
      from.remove(segment);
      to.pushTail(segment);
    }
    if (live === bytes) this.#freePacked(segment);
  }

  /** Frees the segments of a large entry. */
  freeLarge(first: number): void {
    if (this.#pins.has(first)) {
      this.#set(first, STATE, PARKED);
      return;
    }
    for (let segment = first; segment !== 0;) {
      const next = this.next(segment);
      this.#release(segment);
      segment = next;
    }
  }

  /** A packed segment of which much is dead, the emptiest first; 0 if there is none. */
  sparse(): number {
    for (let fullness = 0; fullness < FULLNESS_SPARSE_END; fullness += 1) {
      const list = present(this.#fullness[fullness]);
      if (list.length > 0) return list.head;
    }
    return 0;
  }

  /** Puts a sparse segment behind those like it, because it cannot be cleaned now. */
  defer(segment: number): void {
    this.#listOf(this.live(segment)).rotate(segment);
  }

  /** Keeps a segment's (or, by its first, a large entry's) bytes as they are across a wait. */
  pin(segment: number): void {
    this.#pins.set(segment, (this.#pins.get(segment) ?? 0) + 1);
  }

  isPinned(segment: number): boolean {
    return this.#pins.has(segment);
  }

  unpin(segment: number): void {
    const count = present(this.#pins.get(segment)) - 1;
    if (count > 0) {
      this.#pins.set(segment, count);
      return;
    }
    this.#pins.delete(segment);
    if (this.#get(segment, STATE) !== PARKED) return;
    // A packed segment leaves its list without a link to another.
    this.#set(segment, STATE, LARGE);
    this.freeLarge(segment);
  }

  /** Resolves when every discard that had to wait is done. */
  async drain(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  previous(segment: number): number {
    return this.#get(segment, PREVIOUS);
  }

  next(segment: number): number {
    return this.#get(segment, NEXT);
  }

  setPrevious(segment: number, to: number): void {
    this.#set(segment, PREVIOUS, to);
  }

  setNext(segment: number, to: number): void {
    this.#set(segment, NEXT, to);
  }

  #freePacked(segment: number): void {
    this.#listOf(0).remove(segment);
    this.#packed -= 1;
    this.setNext(segment, 0);
    if (this.#pins.has(segment)) this.#set(segment, STATE, PARKED);
    else this.#release(segment);
  }

  #release(segment: number): void {
    if (this.#memory.discardSync(segmentOffset(segment), SEGMENT_BYTES)) {
      this.#makeFree(segment);
      return;
    }
    this.#set(segment, STATE, QUEUED);
    this.#queue.pushTail(segment);
    this.#draining ??= this.#discardQueued();
  }

  async #discardQueued(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch: number[] = [];
      let segment = this.#queue.head;
      for (; segment !== 0 && batch.length < DISCARD_BATCH; segment = this.next(segment)) {
        batch.push(segment);
      }
      for (const [first, count] of runs(batch)) await this.#discardRun(first, count);
    }
    this.#draining = undefined;
  }

  async #discardRun(first: number, count: number): Promise<void> {
    let isDone = true;
    try {
      await this.#memory.discard(segmentOffset(first), count * SEGMENT_BYTES);
    } catch {
      // Its pages may still hold something, so it is not used again. That is seen in `lost`.
      isDone = false;
    }
    for (let segment = first; segment < first + count; segment += 1) {
      this.#queue.remove(segment);
      if (isDone) this.#makeFree(segment);
      else {
        this.#lost += 1;
        this.#used -= 1;
      }
    }
  }

  #makeFree(segment: number): void {
    this.#set(segment, STATE, FREE);
    this.setNext(segment, this.#freeHead);
    this.#freeHead = segment;
    this.#used -= 1;
  }

  #listOf(live: number): LinkedList {
    const eighth = Math.floor((live * FULLNESS_COUNT) / SEGMENT_BYTES);
    return present(this.#fullness[Math.min(eighth, FULLNESS_COUNT - 1)]);
  }

  #get(segment: number, field: number): number {
    const chunk = present(this.#chunks[segment >>> CHUNK_SHIFT]);
    return present(chunk[(segment & CHUNK_MASK) * FIELDS + field]);
  }

  #set(segment: number, field: number, value: number): void {
    const chunk = present(this.#chunks[segment >>> CHUNK_SHIFT]);
    chunk[(segment & CHUNK_MASK) * FIELDS + field] = value;
  }
}

/** Neighbours among the numbers, as first and count. */
function runs(numbers: readonly number[]): [first: number, count: number][] {
  const result: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = result.at(-1);
    if (last !== undefined && last[0] + last[1] === number) last[1] += 1;
    else result.push([number, 1]);
  }
  return result;
}
