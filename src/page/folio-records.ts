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
 * Order, group, slot, region and index stand in the record of every frame of a folio; links, flags
 * and counts at its head. Here is the life of records and how a word is found; what a field says is
 * in `folio.ts`.
 *
 * Records lie in chunks of 4096 that take memory when a folio begins in them and give it back when
 * none is left, but for one.
 *
 * @see include/linux/mm_types.h struct folio
 */
import { assert, present } from '../std/assert.ts';
import type { Brand } from '../std/brand.ts';
import { ORDER_MAX, type Pfn } from './frames.ts';

/** The group that pays for a page: a `MemcgId`, whose owner is beside this floor. */
export type MemcgNumber = Brand<number, 'MemcgId'>;

const CHUNK_SHIFT = 12;
const CHUNK_RECORDS: number = 1 << CHUNK_SHIFT;
const CHUNK_MASK: number = CHUNK_RECORDS - 1;
const WORDS_SHIFT = 3;
const CHUNK_BYTES: number = CHUNK_RECORDS << (WORDS_SHIFT + 2);

/** Words of a record, by what is in them: links, */
export const PREVIOUS = 0;
export const NEXT = 1;
/** the order, flags and group, */
export const HEAD = 2;
/** counts, */
export const PINS = 3;
export const MAPCOUNT = 4;
/** and where the page belongs. */
export const SLOT = 5;
export const REGION = 6;
export const INDEX = 7;

const ORDER_MASK = 0xf;
/** Flags, bits of the word {@link HEAD}; `FolioTable` says what they mean. */
export const UPTODATE: number = 1 << 4;
export const DIRTY: number = 1 << 5;
export const WRITEBACK: number = 1 << 6;
export const REFERENCED: number = 1 << 7;
export const ACTIVE: number = 1 << 8;
export const WORKINGSET: number = 1 << 9;
export const READAHEAD: number = 1 << 10;
export const ACCESSED: number = 1 << 11;
export const LRU: number = 1 << 12;
/** Where the group begins in the word {@link HEAD}. */
export const MEMCG_SHIFT = 18;
const MEMCG_END: number = 1 << (32 - MEMCG_SHIFT);
/** Word {@link SLOT} of a page without one. */
export const NO_SLOT = -1;

/** Records of 4096 frames. Words are signed so that most values are no number objects. */
class Chunk {
  readonly buffer: ArrayBuffer = new ArrayBuffer(0, { maxByteLength: CHUNK_BYTES });
  /** Follows the buffer's length. */
  readonly words: Int32Array = new Int32Array(this.buffer);
  /** Frames that are in a folio. */
  used = 0;
}

/** Records by frame number, and which of them are a folio. Its fields are `FolioTable`'s. */
export class FolioRecords {
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
    return (this.field(pfn, HEAD) & ORDER_MASK) - 1;
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

  /** Says whether a flag of the folio that a frame is in is set. */
  protected flag(pfn: Pfn, flag: number): boolean {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    return (present(words[this.#headBase(pfn) + HEAD]) & flag) !== 0;
  }

  protected setFlag(pfn: Pfn, flag: number, value: boolean): void {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    const at = this.#headBase(pfn) + HEAD;
    const word = present(words[at]);
    words[at] = value ? word | flag : word & ~flag;
  }

  /** A count of the folio that a frame is in. */
  protected count(pfn: Pfn, field: number): number {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    return present(words[this.#headBase(pfn) + field]);
  }

  protected addToCount(pfn: Pfn, field: number, change: number): number {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    const at = this.#headBase(pfn) + field;
    const count = present(words[at]) + change;
    assert(count >= 0 && count <= 0x7fff_ffff);
    words[at] = count;
    return count;
  }

  /** A word of this very frame's record. */
  protected field(pfn: number, field: number): number {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    const base = (pfn & CHUNK_MASK) << WORDS_SHIFT;
    assert((present(words[base + HEAD]) & ORDER_MASK) !== 0, 'frame is in no folio');
    return present(words[base + field]);
  }

  protected setField(pfn: number, field: number, value: number): void {
    const words = present(this.#chunks[pfn >>> CHUNK_SHIFT]).words;
    const base = (pfn & CHUNK_MASK) << WORDS_SHIFT;
    assert((present(words[base + HEAD]) & ORDER_MASK) !== 0, 'frame is in no folio');
    words[base + field] = value;
  }

  /** Where the record of the folio's head begins in its chunk; a folio is in one chunk. */
  #headBase(pfn: Pfn): number {
    return (this.head(pfn) & CHUNK_MASK) << WORDS_SHIFT;
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
