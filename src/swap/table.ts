/**
 * The swap table: one 32-bit word a slot that says where the slot's newest data is. The kinds are
 * exclusive, so a slot has exactly one backing and no order of precedence has to be kept right.
 *
 *     31 30 29                            0
 *     | kind |          payload           |
 *       0 0    0                             free: never written, or discarded; reads as zeros
 *       0 1    0                             zero: written with zeros
 *       1 0    zswap entry index             entry: compressed in the pool
 *       1 1    device page number            device: on the backing device
 *
 * Words lie in chunks that are made when first written to and given back when they hold nothing,
 * but for one, so that a slot that comes and goes does not make and drop its chunk each time.
 * References to slots, which forked address spaces share, are counted where slots are allocated,
 * in `slots.ts`: a disk's slots have one owner and no count.
 *
 * @see mm/swap_table.h, where one word a slot holds a shadow, a folio or a pointer
 */
import { assert, present } from '../std/assert.ts';
import type { Brand } from '../std/brand.ts';

/** Number of a swap slot over all swap areas, below {@link SLOT_END}. */
export type SwapSlot = Brand<number, 'SwapSlot'>;

export type SlotKind = 'free' | 'zero' | 'entry' | 'device';

/** Slots in a cluster (kernel `SWAPFILE_CLUSTER`): swap areas are made of whole ones. */
export const SWAPFILE_CLUSTER = 512;
/** First number that is not a slot. */
export const SLOT_END: number = 2 ** 32 - SWAPFILE_CLUSTER;

/** Device pages that a word can name: a backing device larger than these 4 TiB is used in part. */
export const DEVICE_PAGES_MAX: number = 2 ** 30;

const CHUNK_SHIFT = 18;
const CHUNK_SLOTS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_SLOTS - 1;
const CHUNK_BYTES = CHUNK_SLOTS * 4;
const PAYLOAD_MASK = 0x3fff_ffff;
const KINDS = ['free', 'zero', 'entry', 'device'] as const;
const ENTRY = 2;

class Chunk {
  readonly buffer = new ArrayBuffer(CHUNK_BYTES, { maxByteLength: CHUNK_BYTES });
  readonly words: Uint32Array = new Uint32Array(this.buffer, 0, CHUNK_SLOTS);
  used = 0;
}

export class SwapTable {
  readonly #chunks: (Chunk | undefined)[] = [];
  #usedSlots = 0;
  #chunkCount = 0;
  /** A chunk that holds nothing and belongs to no place of the table. */
  #spare: Chunk | undefined;

  /** Slots that are not free. */
  get usedSlots(): number {
    return this.#usedSlots;
  }

  get metadataBytes(): number {
    return this.#chunkCount * CHUNK_BYTES;
  }

  kind(slot: SwapSlot): SlotKind {
    return present(KINDS[this.#word(slot) >>> 30]);
  }

  isFree(slot: SwapSlot): boolean {
    return this.#word(slot) === 0;
  }

  /**
   * The slot's zswap entry index; 0 if it has none. Loads and stores ask this way: one look-up, and
   * no word to compare.
   */
  entry(slot: SwapSlot): number {
    const word = this.#word(slot);
    return word >>> 30 === ENTRY ? word & PAYLOAD_MASK : 0;
  }

  /** The zswap entry index or device page of a slot; 0 for the other kinds. */
  payload(slot: SwapSlot): number {
    return this.#word(slot) & PAYLOAD_MASK;
  }

  setFree(slot: SwapSlot): void {
    this.#set(slot, 0);
  }

  setZero(slot: SwapSlot): void {
    this.#set(slot, 1 << 30);
  }

  setEntry(slot: SwapSlot, entryIndex: number): void {
    assert(entryIndex > 0 && entryIndex <= PAYLOAD_MASK);
    this.#set(slot, (2 << 30) | entryIndex);
  }

  setDevice(slot: SwapSlot, devicePage: number): void {
    assert(devicePage >= 0 && devicePage <= PAYLOAD_MASK);
    this.#set(slot, (3 << 30) | devicePage);
  }

  /**
   * The first slot at or after `slot` and before `end` that is not free, or `end`. Steps over empty
   * chunks at once; otherwise looks at up to `budget` slots and returns where it stopped.
   */
  nextUsed(slot: number, end: number, budget: number): number {
    let at = slot;
    const stop = slot + budget;
    while (at < end) {
      const chunk = this.#chunks[at >>> CHUNK_SHIFT];
      if (chunk === undefined || chunk.used === 0) {
        at = ((at >>> CHUNK_SHIFT) + 1) * CHUNK_SLOTS;
        continue;
      }
      if (chunk.words[at & CHUNK_MASK] !== 0 || at >= stop) return at;
      at += 1;
    }
    return end;
  }

  /** The word as a signed integer: one above 2^31 would be a number object on the heap. */
  #word(slot: SwapSlot): number {
    const chunk = this.#chunks[slot >>> CHUNK_SHIFT];
    return chunk === undefined ? 0 : present(chunk.words[slot & CHUNK_MASK]) | 0;
  }

  #set(slot: SwapSlot, word: number): void {
    const number = slot >>> CHUNK_SHIFT;
    let chunk = this.#chunks[number];
    if (chunk === undefined) {
      if (word === 0) return;
      chunk = this.#takeSpare() ?? this.#makeChunk();
      this.#chunks[number] = chunk;
    }
    const before = present(chunk.words[slot & CHUNK_MASK]);
    chunk.words[slot & CHUNK_MASK] = word;
    const change = (word === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    chunk.used += change;
    this.#usedSlots += change;
    if (chunk.used === 0 && change < 0) this.#release(number, chunk);
  }

  #makeChunk(): Chunk {
    this.#chunkCount += 1;
    return new Chunk();
  }

  #takeSpare(): Chunk | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #release(number: number, chunk: Chunk): void {
    this.#chunks[number] = undefined;
    if (this.#spare === undefined) {
      this.#spare = chunk;
      return;
    }
    // A dropped buffer stays resident until a major collection; a shrunk one goes back at once.
    chunk.buffer.resize(0);
    this.#chunkCount -= 1;
  }
}
