/**
 * The records of stored pages, sixteen bytes each. The kernel's `struct zswap_entry` as four 32-bit
 * columns, addressed by an index that also is the allocator's handle: the location column is
 * zsmalloc's handle cell.
 *
 *     previous | next | location | packed
 *     packed:    31..18 memcg | 17..13 pool | 12 referenced | 11..0 length - 1
 *
 * Whose page it is, the slot, is the tag of the entry's object, in a part of the object's header
 * that would be unused (`Zswap.slotOf`). Only writeback and checks ask for it.
 *
 * Life of an entry: allocated, filled and linked within one section of store; then it is *live*:
 * its slot's word names it and it is on its group's LRU. Whoever gives the slot another backing
 * releases it, once. Its index is reused, so an index that was kept across a wait says nothing
 * until the slot has been looked up again.
 *
 * Blocks of entries are small, so that the last one, partly used, does not weigh on a small pool.
 */
import { assert, present } from '../std/assert.ts';
import type { Brand } from '../std/brand.ts';
import { IndexBlocks, NO_BLOCK } from '../std/index-blocks.ts';
import type { Links } from '../std/list.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { MemcgId } from '../memcg/memcg.ts';
import type { HandleCells } from '../zpool/zpool.ts';

/** Index of a live entry, 1 .. 2^30 - 1; 0 is none. */
export type ZswapEntryIndex = Brand<number, 'ZswapEntryIndex'>;

/** Pools at the same time: the pool number has five bits. */
export const POOL_COUNT_MAX = 32;

const BLOCK_SHIFT = 12;
const PLACE_MASK = (1 << BLOCK_SHIFT) - 1;
const FIELDS = 4;
const PREVIOUS = 0;
const NEXT = 1;
const LOCATION = 2;
const PACKED = 3;
/** The previous one of an entry that is free: no index. */
const FREE = 2 ** 30;
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

/** Storage of a block, which outlives it without memory, for when there is such a block again. */
class Block {
  readonly buffer: ArrayBuffer;
  readonly words: Uint32Array;

  constructor(bytes: number) {
    this.buffer = new ArrayBuffer(bytes, { maxByteLength: bytes });
    this.words = new Uint32Array(this.buffer, 0, bytes / 4);
  }
}

export class EntryTable implements HandleCells, Links {
  readonly #records = new IndexBlocks(BLOCK_SHIFT, FIELDS, NEXT);
  readonly #blocks: Block[] = [];
  readonly #limit: number;
  #length = 0;

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
    return this.#records.metadataBytes;
  }

  /** Takes an entry whose fields are undefined; 0 if there are `limit` already. */
  allocate(): ZswapEntryIndex {
    if (this.#length >= this.#limit) return 0 as ZswapEntryIndex;
    let index = this.#records.take();
    if (index === 0) {
      this.#addBlock();
      index = this.#records.take();
    }
    this.#length += 1;
    this.#setField(index, PREVIOUS, 0);
    return index as ZswapEntryIndex;
  }

  /** Gives an entry back. */
  free(index: ZswapEntryIndex): void {
    assert(this.isLive(index));
    this.#setField(index, PREVIOUS, FREE);
    this.#length -= 1;
    const dropped = this.#records.give(index);
    // A dropped buffer stays resident until a major collection; a shrunk one goes back at once.
    if (dropped !== NO_BLOCK) present(this.#blocks[dropped]).buffer.resize(0);
  }

  /** Fills a new entry; its links are the LRU's. `length` is 1..4096. */
  fill(index: ZswapEntryIndex, length: number, owner: EntryOwner): void {
    assert(length > 0 && length <= PAGE_SIZE);
    this.#setField(index, PACKED, (length - 1) | REFERENCED | owner);
  }

  /** Tells whether an entry of that index is allocated. */
  isLive(index: number): boolean {
    const records = this.#records.records(index >>> BLOCK_SHIFT);
    const place = index & PLACE_MASK;
    return place !== 0 && (records[place * FIELDS + PREVIOUS] ?? FREE) !== FREE;
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
    const records = this.#records.records(index >>> BLOCK_SHIFT);
    return present(records[(index & PLACE_MASK) * FIELDS + field]);
  }

  #setField(index: number, field: number, value: number): void {
    const records = this.#records.records(index >>> BLOCK_SHIFT);
    records[(index & PLACE_MASK) * FIELDS + field] = value;
  }

  #addBlock(): void {
    const number = this.#records.nextBlock();
    const bytes = this.#records.recordBytes;
    const block = this.#blocks[number] ?? new Block(bytes);
    this.#blocks[number] = block;
    block.buffer.resize(bytes);
    for (let at = PREVIOUS; at < block.words.length; at += FIELDS) block.words[at] = FREE;
    this.#records.add(number, block.words);
  }
}
