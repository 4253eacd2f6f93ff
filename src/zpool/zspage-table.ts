/**
 * The records of zspages: four words each, in blocks that come and go with the count, so that no
 * growth copies a large array and a drained pool holds no table.
 *
 * ```
 * word 0  next zspage in its fullness group, 0: last
 * word 1  previous zspage in its fullness group, 0: first
 * word 2  first page frame; the frames are chained through the arena's `next` words
 * word 3  bits 0..8 objects in use, 9..17 first free object ({@link NO_OBJECT}: none),
 *         18..25 size class, 26..29 fullness group
 * ```
 */
import { present } from '../std/assert.ts';
import { IndexBlocks, NO_BLOCK } from '../std/index-blocks.ts';

/** Where a free object's number could stand: there is none. */
export const NO_OBJECT = 256;
/** Zspage numbers are below this, so that number and object fit a handle's 32-bit cell. */
const ZSPAGE_END = 1 << 24;

/** Words of a record. */
export const NEXT = 0;
export const PREVIOUS = 1;
export const FRAME = 2;
export const STATE = 3;

const BLOCK_SHIFT = 10;
const PLACE_MASK = (1 << BLOCK_SHIFT) - 1;
const RECORD_SHIFT = 2;
const BLOCK_WORDS = 1 << (BLOCK_SHIFT + RECORD_SHIFT);
const NINE_BITS = 0x1ff;
const FREE_SHIFT = 9;
const CLASS_SHIFT = 18;
const CLASS_MASK = 0xff;
const GROUP_SHIFT = 26;
const OBJECTS_MASK = (1 << CLASS_SHIFT) - 1;

/**
 * The place of a zspage's record in its {@link ZspageTable.block}, to which a word's number is
 * added.
 */
export function recordOf(zspage: number): number {
  return (zspage & PLACE_MASK) << RECORD_SHIFT;
}

export function stateInUse(state: number): number {
  return state & NINE_BITS;
}

export function stateFirstFree(state: number): number {
  return (state >>> FREE_SHIFT) & NINE_BITS;
}

export function stateClass(state: number): number {
  return (state >>> CLASS_SHIFT) & CLASS_MASK;
}

export function stateGroup(state: number): number {
  return state >>> GROUP_SHIFT;
}

/** The state with other objects; class and group stay. */
export function stateWithObjects(state: number, inUse: number, firstFree: number): number {
  return (state & ~OBJECTS_MASK) | (firstFree << FREE_SHIFT) | inUse;
}

export function stateWithGroup(state: number, group: number): number {
  return (state & ((1 << GROUP_SHIFT) - 1)) | (group << GROUP_SHIFT);
}

export class ZspageTable {
  readonly #indices = new IndexBlocks(BLOCK_SHIFT);
  readonly #blocks: Uint32Array[] = [];

  get metadataBytes(): number {
    let bytes = this.#indices.metadataBytes;
    for (const block of this.#blocks) bytes += block.byteLength;
    return bytes;
  }

  /** A zspage number with an empty record of `classIndex`, or 0 if all numbers are taken. */
  take(classIndex: number): number {
    let zspage = this.#indices.take();
    if (zspage === 0) {
      const block = this.#indices.nextBlock();
      if (block << BLOCK_SHIFT >= ZSPAGE_END) return 0;
      this.#blocks[block] = new Uint32Array(BLOCK_WORDS);
      this.#indices.add(block);
      zspage = this.#indices.take();
    }
    const block = this.block(zspage);
    const record = recordOf(zspage);
    block[record + NEXT] = 0;
    block[record + PREVIOUS] = 0;
    block[record + FRAME] = 0;
    block[record + STATE] = (NO_OBJECT << FREE_SHIFT) | (classIndex << CLASS_SHIFT);
    return zspage;
  }

  give(zspage: number): void {
    const dropped = this.#indices.give(zspage);
    if (dropped === NO_BLOCK) return;
    this.#blocks[dropped] = EMPTY;
    if (dropped === this.#blocks.length - 1) this.#blocks.length = this.#indices.blockEnd;
  }

  /**
   * The words among which the zspage's record stands. Callers on the hot path fetch it once and
   * read several words; it is valid until the zspage is given back.
   */
  block(zspage: number): Uint32Array {
    return present(this.#blocks[zspage >>> BLOCK_SHIFT]);
  }

  /** One word of a zspage's record. */
  word(zspage: number, word: number): number {
    return present(this.block(zspage)[recordOf(zspage) + word]);
  }

  setWord(zspage: number, word: number, value: number): void {
    this.block(zspage)[recordOf(zspage) + word] = value;
  }

  /** Objects in use. */
  inUse(zspage: number): number {
    return stateInUse(this.word(zspage, STATE));
  }
}

const EMPTY = new Uint32Array(0);
