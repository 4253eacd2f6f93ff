/**
 * The records of zspages: three words each, in blocks that come and go with the count, so that no
 * growth copies a large array and a drained pool holds no table. Each word is a number of 24 bits
 * and a byte.
 *
 * ```
 *         31..8                                      7..0
 * word 0  next zspage in its fullness group, 0: last  objects in use, less one
 * word 1  previous one in its group, 0: first         first free object
 * word 2  first page frame                            size class
 * ```
 *
 * Objects in use are at least one: only between its creation and its first object has a zspage
 * fewer, and says 255. In a full one the first free object is past the last, or 0 if there are 256.
 *
 * A zspage of the huge class is full with its one object, and on no list. Its first two words are
 * what the header of other objects is: the handle and the caller's tag.
 */
import { present } from '../std/assert.ts';
import { IndexBlocks } from '../std/index-blocks.ts';

/** Zspage numbers are below this, so that number and object fit a handle's 32-bit cell. */
const ZSPAGE_END = 1 << 24;

/** Words of a record by what their number is, */
export const NEXT = 0;
export const PREVIOUS = 1;
export const FRAME = 2;
/** by their byte, */
export const IN_USE = 0;
export const FIRST_FREE = 1;
const CLASS = 2;
/** and as the header of a huge object. */
export const HANDLE = 0;
export const TAG = 1;

const RECORD_WORDS = 3;
const BLOCK_SHIFT = 10;
const PLACE_MASK = (1 << BLOCK_SHIFT) - 1;
const BYTE_BITS = 8;
const BYTE_MASK = (1 << BYTE_BITS) - 1;

/**
 * The place of a zspage's record in its {@link ZspageTable.block}, to which a word's number is
 * added.
 */
export function recordOf(zspage: number): number {
  return (zspage & PLACE_MASK) * RECORD_WORDS;
}

export function wordNumber(word: number): number {
  return word >>> BYTE_BITS;
}

export function wordByte(word: number): number {
  return word & BYTE_MASK;
}

export function withNumber(word: number, number: number): number {
  return (number << BYTE_BITS) | (word & BYTE_MASK);
}

/** The word with the low eight bits of `byte`. */
export function withByte(word: number, byte: number): number {
  return (word & ~BYTE_MASK) | (byte & BYTE_MASK);
}

export class ZspageTable {
  readonly #records = new IndexBlocks(BLOCK_SHIFT, RECORD_WORDS);

  get metadataBytes(): number {
    return this.#records.metadataBytes;
  }

  /** A zspage number with an empty record of `classIndex`, or 0 if all numbers are taken. */
  take(classIndex: number): number {
    let zspage = this.#records.take();
    if (zspage === 0) {
      const block = this.#records.nextBlock();
      if (block << BLOCK_SHIFT >= ZSPAGE_END) return 0;
      this.#records.add(block);
      zspage = this.#records.take();
    }
    const block = this.block(zspage);
    const record = recordOf(zspage);
    block[record + NEXT] = withByte(0, -1);
    block[record + PREVIOUS] = 0;
    block[record + FRAME] = classIndex;
    return zspage;
  }

  give(zspage: number): void {
    this.#records.give(zspage);
  }

  /**
   * The words among which the zspage's record stands. Callers on the hot path fetch it once and
   * read several words; it is valid until the zspage is given back.
   */
  block(zspage: number): Uint32Array {
    return this.#records.records(zspage >>> BLOCK_SHIFT);
  }

  /** The number in one word of a zspage's record. */
  number(zspage: number, word: number): number {
    return wordNumber(present(this.block(zspage)[recordOf(zspage) + word]));
  }

  setNumber(zspage: number, word: number, number: number): void {
    const block = this.block(zspage);
    const at = recordOf(zspage) + word;
    block[at] = withNumber(present(block[at]), number);
  }

  /** The size class of a zspage. */
  classIndex(zspage: number): number {
    return wordByte(present(this.block(zspage)[recordOf(zspage) + CLASS]));
  }

  /** Objects in use in a zspage that is not of the huge class, and has one. */
  inUse(zspage: number): number {
    return wordByte(present(this.block(zspage)[recordOf(zspage) + IN_USE])) + 1;
  }
}
