/**
 * The records of page frames in use, thirty-two bytes each: the kernel's `struct folio` and `struct
 * page` as eight 32-bit columns, addressed by frame number. They lie side by side, because who
 * looks at one field of a frame looks at several.
 *
 * ```
 *  word 0     1      2      3        4        5        6        7
 * +--------+------+------+------+----------+------+--------+-------+
 * |previous| next | head | pins | mapcount | slot | region | index |
 * +--------+------+------+------+----------+------+--------+-------+
 *                    |
 *                    31..18 memcg | 17..4 flags | 3..0 order + 1, 0: not in a folio
 * ```
 *
 * A folio is 2^order frames at a multiple of 2^order, named by the first, its head. Order, group,
 * slot, region and index stand in the record of every frame. Links, flags, pins and mapcount are
 * the folio's and stand at its head; flags and counts may be asked for by any of its frames.
 *
 * Life: {@link FolioTable.begin} when frames have been allocated, {@link FolioTable.end} before
 * they are freed. A number that was kept across a wait says nothing until it has been looked up
 * again: the frame may be another folio's by then.
 *
 * Records lie in chunks of 4096 that take memory when a folio begins in them and give it back when
 * none is left, but for one.
 *
 * @see include/linux/mm_types.h struct folio, include/linux/page-flags.h
 */
import { assert, present } from '../std/assert.ts';
import type { Brand } from '../std/brand.ts';
import type { Links } from '../std/list.ts';
import { ORDER_MAX, type Pfn } from './frames.ts';

/** The group that pays for a page: a `MemcgId`, whose owner is beside this floor. */
type MemcgNumber = Brand<number, 'MemcgId'>;
/** The slot that a page is swapped to: a `SwapSlot`, whose owner is above this floor. */
type SlotNumber = Brand<number, 'SwapSlot'>;

const CHUNK_SHIFT = 12;
const CHUNK_RECORDS: number = 1 << CHUNK_SHIFT;
const CHUNK_MASK: number = CHUNK_RECORDS - 1;
const WORDS_SHIFT = 3;
const CHUNK_BYTES: number = CHUNK_RECORDS << (WORDS_SHIFT + 2);

const PREVIOUS = 0;
const NEXT = 1;
const HEAD = 2;
const PINS = 3;
const MAPCOUNT = 4;
const SLOT = 5;
const REGION = 6;
const INDEX = 7;

const ORDER_MASK = 0xf;
const UPTODATE: number = 1 << 4;
const DIRTY: number = 1 << 5;
const WRITEBACK: number = 1 << 6;
const REFERENCED: number = 1 << 7;
const ACTIVE: number = 1 << 8;
const WORKINGSET: number = 1 << 9;
const READAHEAD: number = 1 << 10;
const ACCESSED: number = 1 << 11;
const LRU: number = 1 << 12;
const MEMCG_SHIFT = 18;
const MEMCG_END: number = 1 << (32 - MEMCG_SHIFT);
const NO_SLOT = -1;

/** Records of 4096 frames. Words are signed so that most values are no number objects. */
class Chunk {
  readonly buffer: ArrayBuffer = new ArrayBuffer(0, { maxByteLength: CHUNK_BYTES });
  /** Follows the buffer's length. */
  readonly words: Int32Array = new Int32Array(this.buffer);
  /** Frames that are in a folio. */
  used = 0;
}

export class FolioTable implements Links {
  readonly #chunks: Chunk[] = [];
  #resident = 0;
  /** A chunk that has memory though no frame of it is in a folio. */
  #spare: Chunk | undefined;

  /** Frames that are in a folio. */
  get usedFrames(): number {
    let frames = 0;
    for (const { used } of this.#chunks) frames += used;
    return frames;
  }

  get metadataBytes(): number {
    return this.#resident * CHUNK_BYTES;
  }

  /**
   * Makes `2^order` allocated frames a folio: no flags, no pins, not mapped, no slots.
   *
   * @param pfn - the first frame, a multiple of `2^order`
   * @param order - 0 .. 9
   * @param memcg - the group that pays for it
   * @param region - number of the region family, 0 .. 2^31 - 1
   * @param index - of the first page in the region family, in pages; those after it follow
   */
  begin(pfn: Pfn, order: number, memcg: MemcgNumber, region: number, index: number): void {
    assert(pfn > 0 && order >= 0 && order <= ORDER_MAX);
    assert((pfn & ((1 << order) - 1)) === 0, 'folio is not aligned to its order');
    assert(memcg >= 0 && memcg < MEMCG_END);
    assert(region >= 0 && region <= 0x7fff_ffff);
    assert(index >= 0 && index + (1 << order) <= 2 ** 32);
    const chunk = this.#chunkFor(pfn >>> CHUNK_SHIFT);
    const words = chunk.words;
    const head = (memcg << MEMCG_SHIFT) | (order + 1);
    let base = (pfn & CHUNK_MASK) << WORDS_SHIFT;
    for (let page = 0; page < 1 << order; page += 1) {
      assert((present(words[base + HEAD]) & ORDER_MASK) === 0, 'frame is in a folio');
      words[base + PREVIOUS] = 0;
      words[base + NEXT] = 0;
      words[base + HEAD] = head;
      words[base + PINS] = 0;
      words[base + MAPCOUNT] = 0;
      words[base + SLOT] = NO_SLOT;
      words[base + REGION] = region;
      words[base + INDEX] = index + page;
      base += 1 << WORDS_SHIFT;
    }
    chunk.used += 1 << order;
  }

  /**
   * Ends a folio that nobody pins or maps, that is not written and is on no list; its frames may be
   * freed then.
   */
  end(pfn: Pfn): void {
    const chunk = present(this.#chunks[pfn >>> CHUNK_SHIFT]);
    const words = chunk.words;
    let base = this.#headBase(pfn);
    const head = present(words[base + HEAD]);
    assert(base === (pfn & CHUNK_MASK) << WORDS_SHIFT, 'not the head of a folio');
    assert(words[base + PINS] === 0, 'folio is pinned');
    assert(words[base + MAPCOUNT] === 0, 'folio is mapped');
    assert((head & (WRITEBACK | LRU)) === 0, 'folio is under writeback or on a list');
    const pages = 1 << ((head & ORDER_MASK) - 1);
    for (let page = 0; page < pages; page += 1) {
      words[base + HEAD] = 0;
      base += 1 << WORDS_SHIFT;
    }
    chunk.used -= pages;
    assert(chunk.used >= 0);
    if (chunk.used === 0) this.#retire(chunk);
  }

  /** Says whether a frame is in a folio. */
  isFolio(pfn: Pfn): boolean {
    const chunk = this.#chunks[pfn >>> CHUNK_SHIFT];
    const word = chunk?.words[((pfn & CHUNK_MASK) << WORDS_SHIFT) + HEAD] ?? 0;
    return (word & ORDER_MASK) !== 0;
  }

  /** The first frame of the folio that a frame is in. */
  head(pfn: Pfn): Pfn {
    return (pfn & -(1 << this.order(pfn))) as Pfn;
  }

  order(pfn: Pfn): number {
    return (this.#field(pfn, HEAD) & ORDER_MASK) - 1;
  }

  /** Pages of the folio. */
  pages(pfn: Pfn): number {
    return 1 << this.order(pfn);
  }

  /**
   * Makes one folio as many folios of one page, with its flags, group and region and each page's
   * own slot and index. They are not mapped: the caller counts the mappings of each anew. The folio
   * must not be pinned, under writeback or on a list.
   *
   * @see mm/huge_memory.c __split_folio_to_order
   */
  split(pfn: Pfn): void {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    let base = this.#headBase(pfn);
    const head = present(words[base + HEAD]);
    assert(base === (pfn & CHUNK_MASK) << WORDS_SHIFT, 'not the head of a folio');
    assert(words[base + PINS] === 0, 'folio is pinned');
    assert((head & (WRITEBACK | LRU)) === 0, 'folio is under writeback or on a list');
    const pages = 1 << ((head & ORDER_MASK) - 1);
    for (let page = 0; page < pages; page += 1) {
      words[base + HEAD] = (head & ~ORDER_MASK) | 1;
      words[base + MAPCOUNT] = 0;
      base += 1 << WORDS_SHIFT;
    }
  }

  /** Users of the folio's memory besides page tables: it is neither moved nor reclaimed. */
  pins(pfn: Pfn): number {
    return this.#count(pfn, PINS);
  }

  pin(pfn: Pfn): void {
    this.#addToCount(pfn, PINS, 1);
  }

  /** Drops a pin; returns how many are left. */
  unpin(pfn: Pfn): number {
    return this.#addToCount(pfn, PINS, -1);
  }

  /** Page table entries that map any page of the folio. */
  mapcount(pfn: Pfn): number {
    return this.#count(pfn, MAPCOUNT);
  }

  addMap(pfn: Pfn): void {
    this.#addToCount(pfn, MAPCOUNT, 1);
  }

  /** Counts one mapping less; returns how many are left. */
  dropMap(pfn: Pfn): number {
    return this.#addToCount(pfn, MAPCOUNT, -1);
  }

  /** The slot of this very frame's page; -1 if it has none. */
  slot(pfn: Pfn): SlotNumber | -1 {
    const slot = this.#field(pfn, SLOT);
    // Slots go beyond 2^31, but the last cluster's numbers are nobody's.
    return slot === NO_SLOT ? NO_SLOT : ((slot >>> 0) as SlotNumber);
  }

  setSlot(pfn: Pfn, slot: SlotNumber | -1): void {
    this.#setField(pfn, SLOT, slot);
  }

  memcg(pfn: Pfn): MemcgNumber {
    return (this.#field(pfn, HEAD) >>> MEMCG_SHIFT) as MemcgNumber;
  }

  /** Number of the region family that this frame's page belongs to. */
  region(pfn: Pfn): number {
    return this.#field(pfn, REGION);
  }

  /** Place of this very frame's page in its region family, in pages. */
  index(pfn: Pfn): number {
    return this.#field(pfn, INDEX) >>> 0;
  }

  /** The content is that of the page: it has been read or written completely. */
  uptodate(pfn: Pfn): boolean {
    return this.#flag(pfn, UPTODATE);
  }

  setUptodate(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, UPTODATE, value);
  }

  /** The frame may be the only place of its content. */
  dirty(pfn: Pfn): boolean {
    return this.#flag(pfn, DIRTY);
  }

  setDirty(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, DIRTY, value);
  }

  /** The content is being written out; the folio must not be freed. */
  writeback(pfn: Pfn): boolean {
    return this.#flag(pfn, WRITEBACK);
  }

  setWriteback(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, WRITEBACK, value);
  }

  /** Used since reclaim last looked at it. */
  referenced(pfn: Pfn): boolean {
    return this.#flag(pfn, REFERENCED);
  }

  setReferenced(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, REFERENCED, value);
  }

  /** On the active list rather than the inactive one. */
  active(pfn: Pfn): boolean {
    return this.#flag(pfn, ACTIVE);
  }

  setActive(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, ACTIVE, value);
  }

  /** Was active when it was evicted, or has been deactivated. */
  workingset(pfn: Pfn): boolean {
    return this.#flag(pfn, WORKINGSET);
  }

  setWorkingset(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, WORKINGSET, value);
  }

  /** Was read before anybody asked for it, and nobody has since. */
  readahead(pfn: Pfn): boolean {
    return this.#flag(pfn, READAHEAD);
  }

  setReadahead(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, READAHEAD, value);
  }

  /** Was used since reclaim has last looked (the hardware's accessed bit). */
  accessed(pfn: Pfn): boolean {
    return this.#flag(pfn, ACCESSED);
  }

  setAccessed(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, ACCESSED, value);
  }

  /** On an LRU list. */
  lru(pfn: Pfn): boolean {
    return this.#flag(pfn, LRU);
  }

  setLru(pfn: Pfn, value: boolean): void {
    this.#setFlag(pfn, LRU, value);
  }

  previous(index: number): number {
    return this.#field(index, PREVIOUS);
  }

  next(index: number): number {
    return this.#field(index, NEXT);
  }

  setPrevious(index: number, to: number): void {
    assert(this.head(index as Pfn) === index, 'not the head of a folio');
    this.#setField(index, PREVIOUS, to);
  }

  setNext(index: number, to: number): void {
    this.#setField(index, NEXT, to);
  }

  #flag(pfn: Pfn, flag: number): boolean {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    return (present(words[this.#headBase(pfn) + HEAD]) & flag) !== 0;
  }

  #setFlag(pfn: Pfn, flag: number, value: boolean): void {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    const at = this.#headBase(pfn) + HEAD;
    const word = present(words[at]);
    words[at] = value ? word | flag : word & ~flag;
  }

  #count(pfn: Pfn, field: number): number {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    return present(words[this.#headBase(pfn) + field]);
  }

  #addToCount(pfn: Pfn, field: number, change: number): number {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    const at = this.#headBase(pfn) + field;
    const count = present(words[at]) + change;
    assert(count >= 0 && count <= 0x7fff_ffff);
    words[at] = count;
    return count;
  }

  /** Where the record of the folio's head begins in its chunk; a folio is in one chunk. */
  #headBase(pfn: Pfn): number {
    return (this.head(pfn) & CHUNK_MASK) << WORDS_SHIFT;
  }

  /** A word of this very frame's record. */
  #field(pfn: number, field: number): number {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    const base = (pfn & CHUNK_MASK) << WORDS_SHIFT;
    assert((present(words[base + HEAD]) & ORDER_MASK) !== 0, 'frame is in no folio');
    return present(words[base + field]);
  }

  #setField(pfn: number, field: number, value: number): void {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    const base = (pfn & CHUNK_MASK) << WORDS_SHIFT;
    assert((present(words[base + HEAD]) & ORDER_MASK) !== 0, 'frame is in no folio');
    words[base + field] = value;
  }

  #chunkFor(number: number): Chunk {
    while (this.#chunks.length <= number) this.#chunks.push(new Chunk());
    const chunk = present(this.#chunks[number]);
    if (chunk === this.#spare) this.#spare = undefined;
    else if (chunk.used === 0) {
      chunk.buffer.resize(CHUNK_BYTES);
      this.#resident += 1;
    }
    return chunk;
  }

  #retire(chunk: Chunk): void {
    const other = this.#spare;
    this.#spare = chunk;
    if (other === undefined) return;
    // A dropped buffer stays resident until a major collection; a shrunk one goes back at once.
    other.buffer.resize(0);
    this.#resident -= 1;
  }
}
