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
import { IndexBlocks, NO_BLOCK } from './index-blocks.ts';

/** Where a free object's number could stand: there is none. */
export const NO_OBJECT = 256;
/** Zspage numbers are below this, so that number and object fit a handle's 32-bit cell. */
export const ZSPAGE_END: number = 1 << 24;

const BLOCK_SHIFT = 10;
const PLACE_MASK = (1 << BLOCK_SHIFT) - 1;
const RECORD_SHIFT = 2;
const BLOCK_WORDS = 1 << (BLOCK_SHIFT + RECORD_SHIFT);

const NEXT = 0;
const PREVIOUS = 1;
const FRAME = 2;
const STATE = 3;

const NINE_BITS = 0x1ff;
const FREE_SHIFT = 9;
const CLASS_SHIFT = 18;
const CLASS_MASK = 0xff;
const GROUP_SHIFT = 26;
const GROUP_MASK = 0xf;

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
    this.#set(zspage, NEXT, 0);
    this.#set(zspage, PREVIOUS, 0);
    this.#set(zspage, FRAME, 0);
    this.#set(zspage, STATE, (NO_OBJECT << FREE_SHIFT) | (classIndex << CLASS_SHIFT));
    return zspage;
  }

  give(zspage: number): void {
    const dropped = this.#indices.give(zspage);
    if (dropped === NO_BLOCK) return;
    this.#blocks[dropped] = EMPTY;
    if (dropped === this.#blocks.length - 1) this.#blocks.length = this.#indices.blockEnd;
  }

  next(zspage: number): number {
    return this.#get(zspage, NEXT);
  }

  previous(zspage: number): number {
    return this.#get(zspage, PREVIOUS);
  }

  setNext(zspage: number, value: number): void {
    this.#set(zspage, NEXT, value);
  }

  setPrevious(zspage: number, value: number): void {
    this.#set(zspage, PREVIOUS, value);
  }

  firstFrame(zspage: number): number {
    return this.#get(zspage, FRAME);
  }

  setFirstFrame(zspage: number, frame: number): void {
    this.#set(zspage, FRAME, frame);
  }

  inUse(zspage: number): number {
    return this.#get(zspage, STATE) & NINE_BITS;
  }

  firstFree(zspage: number): number {
    return (this.#get(zspage, STATE) >>> FREE_SHIFT) & NINE_BITS;
  }

  /** Sets both numbers that change with each object taken or given. */
  setObjects(zspage: number, inUse: number, firstFree: number): void {
    const rest = this.#get(zspage, STATE) & ~((1 << CLASS_SHIFT) - 1);
    this.#set(zspage, STATE, rest | (firstFree << FREE_SHIFT) | inUse);
  }

  classIndex(zspage: number): number {
    return (this.#get(zspage, STATE) >>> CLASS_SHIFT) & CLASS_MASK;
  }

  group(zspage: number): number {
    return (this.#get(zspage, STATE) >>> GROUP_SHIFT) & GROUP_MASK;
  }

  setGroup(zspage: number, group: number): void {
    const rest = this.#get(zspage, STATE) & ((1 << GROUP_SHIFT) - 1);
    this.#set(zspage, STATE, rest | (group << GROUP_SHIFT));
  }

  #get(zspage: number, word: number): number {
    const block = present(this.#blocks[zspage >>> BLOCK_SHIFT]);
    return present(block[((zspage & PLACE_MASK) << RECORD_SHIFT) | word]);
  }

  #set(zspage: number, word: number, value: number): void {
    const block = present(this.#blocks[zspage >>> BLOCK_SHIFT]);
    block[((zspage & PLACE_MASK) << RECORD_SHIFT) | word] = value;
  }
}

const EMPTY = new Uint32Array(0);
