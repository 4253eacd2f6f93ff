/**
 * The records of stored pages, twenty bytes each. The kernel's `struct zswap_entry` as five 32-bit
 * columns, addressed by an index that also is the allocator's handle: the location column is
 * zsmalloc's handle cell.
 *
 *     previous | next | slot | location | packed
 *     packed:    31..18 memcg | 17..13 pool | 12 referenced | 11..0 length - 1
 *
 * Life of an entry: allocated, filled and linked within one section of store; then it is *live*:
 * its slot's word names it and it is on its group's LRU. Whoever gives the slot another backing
 * releases it, once. Its index is reused, so an index that was kept across a wait says nothing
 * until the slot has been looked up again.
 *
 * Free entries are chained through `next`, each chunk for itself, and the lowest chunk with a free
 * one serves first. A chunk that is wholly free goes back to the system, but for one, so that a
 * number of entries that swings around a border does not make and drop a chunk each time.
 */
import { assert, present } from '../std/assert.ts';
import type { Brand } from '../std/brand.ts';
import type { Links } from '../std/list.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { MemcgId } from '../memcg/memcg.ts';
import type { SwapSlot } from '../swap/table.ts';
import type { HandleCells } from '../zpool/zpool.ts';

/** Index of a live entry, 1 .. 2^30 - 1; 0 is none. */
export type ZswapEntryIndex = Brand<number, 'ZswapEntryIndex'>;

/** Pools at the same time: the pool number has five bits. */
export const POOL_COUNT_MAX = 32;

const CHUNK_SHIFT = 15;
const CHUNK_ENTRIES = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_ENTRIES - 1;
const FIELDS = 5;
const CHUNK_BYTES = CHUNK_ENTRIES * FIELDS * 4;
const PREVIOUS = 0;
const NEXT = 1;
const SLOT = 2;
const LOCATION = 3;
const PACKED = 4;
/** The slot of an entry that is free. */
const NO_SLOT = 0xffff_ffff;
const LENGTH_MASK = 0xfff;
const REFERENCED = 1 << 12;
const POOL_SHIFT = 13;
const MEMCG_SHIFT = 18;

/** Pool and group of an entry as they stand in its record: a number, so that it costs no object. */
export type EntryOwner = Brand<number, 'EntryOwner'>;

export function entryOwner(pool: number, memcg: MemcgId): EntryOwner {
  assert(pool < POOL_COUNT_MAX);
  return ((pool << POOL_SHIFT) | (memcg << MEMCG_SHIFT)) as EntryOwner;
}

class Chunk {
  readonly buffer = new ArrayBuffer(0, { maxByteLength: CHUNK_BYTES });
  words: Uint32Array = new Uint32Array(0);
  /** First free entry of the chunk, as an index within it plus one; 0: chain empty. */
  freeHead = 0;
  /** Entries never used yet start here. */
  untouched = 0;
  used = 0;
}

export class EntryTable implements HandleCells, Links {
  readonly #chunks: Chunk[] = [];
  /** The chunks' words once more: nearly every access is to these alone. */
  readonly #words: Uint32Array[] = [];
  readonly #limit: number;
  #lowestFree = 0;
  #length = 0;
  #resident = 0;
  /** A chunk that is wholly free and has been kept. */
  #spare: Chunk | undefined;

  /** @param limit - entries at most; fewer than 2^30 */
  constructor(limit: number = 2 ** 30 - 1) {
    assert(limit > 0 && limit < 2 ** 30);
    this.#limit = limit;
  }

  /** Entries allocated. */
  get length(): number {
    return this.#length;
  }

  get metadataBytes(): number {
    return this.#resident * CHUNK_BYTES;
  }

  /** Takes an entry whose fields are undefined; 0 if there are `limit` already. */
  allocate(): ZswapEntryIndex {
    if (this.#length >= this.#limit) return 0 as ZswapEntryIndex;
    let number = this.#lowestFree;
    while (number < this.#chunks.length && present(this.#chunks[number]).used === CHUNK_ENTRIES) {
      number += 1;
    }
    this.#lowestFree = number;
    const chunk = this.#chunks[number] ?? this.#addChunk();
    if (chunk.words.length === 0) this.#reserve(chunk, number);
    let within: number;
    if (chunk.freeHead !== 0) {
      within = chunk.freeHead - 1;
      chunk.freeHead = present(chunk.words[within * FIELDS + NEXT]);
    } else {
      within = chunk.untouched;
      chunk.untouched += 1;
    }
    chunk.used += 1;
    if (chunk === this.#spare) this.#spare = undefined;
    this.#length += 1;
    return (number * CHUNK_ENTRIES + within) as ZswapEntryIndex;
  }

  /** Gives an entry back. */
  free(index: ZswapEntryIndex): void {
    const number = index >>> CHUNK_SHIFT;
    const chunk = present(this.#chunks[number]);
    const within = index & CHUNK_MASK;
    assert(index !== 0 && chunk.used > 0);
    chunk.words[within * FIELDS + NEXT] = chunk.freeHead;
    chunk.words[within * FIELDS + SLOT] = NO_SLOT;
    chunk.freeHead = within + 1;
    chunk.used -= 1;
    this.#length -= 1;
    if (number < this.#lowestFree) this.#lowestFree = number;
    // Entry 0 counts as used, so the first chunk stays.
    if (chunk.used > 0) return;
    if (this.#spare !== undefined) this.#release(this.#spare);
    this.#spare = chunk;
  }

  /** Fills a new entry; its links are the LRU's. `length` is 1..4096. */
  fill(index: ZswapEntryIndex, slot: SwapSlot, length: number, owner: EntryOwner): void {
    assert(length > 0 && length <= PAGE_SIZE);
    const words = present(this.#words[index >>> CHUNK_SHIFT]);
    const base = (index & CHUNK_MASK) * FIELDS;
    words[base + SLOT] = slot;
    words[base + PACKED] = (length - 1) | REFERENCED | owner;
  }

  /** Tells whether an entry of that index is live. */
  isLive(index: number): boolean {
    const chunk = this.#chunks[index >>> CHUNK_SHIFT];
    const within = index & CHUNK_MASK;
    if (index === 0 || chunk === undefined || chunk.words.length === 0) return false;
    return within < chunk.untouched && chunk.words[within * FIELDS + SLOT] !== NO_SLOT;
  }

  slot(index: number): SwapSlot {
    return this.#field(index, SLOT) as SwapSlot;
  }

  /** Compressed bytes; 4096 for a page that is kept raw. */
  lengthOf(index: number): number {
    return (this.#field(index, PACKED) & LENGTH_MASK) + 1;
  }

  pool(index: number): number {
    return (this.#field(index, PACKED) >>> POOL_SHIFT) & (POOL_COUNT_MAX - 1);
  }

  memcg(index: number): MemcgId {
    return (this.#field(index, PACKED) >>> MEMCG_SHIFT) as MemcgId;
  }

  /** The second-chance bit: set by store and by a load that keeps the entry. */
  referenced(index: number): boolean {
    return (this.#field(index, PACKED) & REFERENCED) !== 0;
  }

  setReferenced(index: number, referenced: boolean): void {
    const packed = this.#field(index, PACKED);
    this.#setField(index, PACKED, referenced ? packed | REFERENCED : packed & ~REFERENCED);
  }

  location(handle: number): number {
    return this.#field(handle, LOCATION);
  }

  setLocation(handle: number, location: number): void {
    this.#setField(handle, LOCATION, location);
  }

  previous(index: number): number {
    return this.#field(index, PREVIOUS);
  }

  next(index: number): number {
    return this.#field(index, NEXT);
  }

  setPrevious(index: number, to: number): void {
    this.#setField(index, PREVIOUS, to);
  }

  setNext(index: number, to: number): void {
    this.#setField(index, NEXT, to);
  }

  #field(index: number, field: number): number {
    const words = present(this.#words[index >>> CHUNK_SHIFT]);
    return present(words[(index & CHUNK_MASK) * FIELDS + field]);
  }

  #setField(index: number, field: number, value: number): void {
    const words = present(this.#words[index >>> CHUNK_SHIFT]);
    words[(index & CHUNK_MASK) * FIELDS + field] = value;
  }

  #addChunk(): Chunk {
    const chunk = new Chunk();
    this.#chunks.push(chunk);
    return chunk;
  }

  #reserve(chunk: Chunk, number: number): void {
    chunk.buffer.resize(CHUNK_BYTES);
    chunk.words = new Uint32Array(chunk.buffer, 0, CHUNK_ENTRIES * FIELDS);
    this.#words[number] = chunk.words;
    chunk.freeHead = 0;
    chunk.untouched = number === 0 ? 1 : 0;
    chunk.used = chunk.untouched;
    this.#resident += 1;
  }

  #release(chunk: Chunk): void {
    chunk.words = new Uint32Array(0);
    chunk.buffer.resize(0);
    this.#resident -= 1;
  }
}
