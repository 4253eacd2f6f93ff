/**
 * Hands out small integers in blocks, the lowest block with a free one first, so that what is in
 * use gathers at the low end and whole blocks at the high end become free. The arena numbers its
 * page frames with it, the allocators their zspages and pages, zswap its entries: each number has a
 * record of some words, and a free one is chained through a word of its record, so that being free
 * costs no memory of its own. The owner may lay out storage itself, and drops it with the block.
 *
 * Index = block number << shift | place in the block. Place 0 of each block is never handed out, so
 * index 0 can mean 'none'. At most one wholly free block is kept, so that a count that swings
 * around a block's border does not make and drop its storage over and over.
 */
import { assert, present } from './assert.ts';

const ABSENT = -1;
/** No block, where a block number could stand. */
export const NO_BLOCK = -1;

export class IndexBlocks {
  /** Places in a block that can be handed out: all but place 0. */
  readonly capacity: number;
  readonly #shift: number;
  readonly #recordWords: number;
  readonly #linkWord: number;
  readonly #records: Uint32Array[] = [];
  /** Per block, the first free place; the link of each is the next one, 0 the end. */
  readonly #heads: number[] = [];
  /** Free places per block, {@link ABSENT} where the block does not exist. */
  readonly #free: number[] = [];
  /** Bit b is set if block b exists and has a free place. */
  #open = new Uint32Array(1);
  /** No word of `#open` below this one has a bit set. */
  #openFrom = 0;
  #spare = NO_BLOCK;
  #blockCount = 0;

  /**
   * @param shift - log2 of the places in a block, 1..16
   * @param recordWords - words of a record
   * @param linkWord - the word of a record that is the index's own while it is free
   */
  constructor(shift: number, recordWords: number = 1, linkWord: number = 0) {
    assert(shift >= 1 && shift <= 16 && linkWord < recordWords);
    this.#shift = shift;
    this.#recordWords = recordWords;
    this.#linkWord = linkWord;
    this.capacity = (1 << shift) - 1;
  }

  /** One past the highest block that exists. */
  get blockEnd(): number {
    return this.#free.length;
  }

  /** Bytes of the records of all blocks, and of the table of blocks. */
  get metadataBytes(): number {
    return this.#blockCount * this.recordBytes + this.#open.byteLength;
  }

  /** Bytes of the records of a block. */
  get recordBytes(): number {
    return 4 * this.#recordWords * (this.capacity + 1);
  }

  /** The records of a block, by place; without words where the block does not exist. */
  records(block: number): Uint32Array {
    return this.#records[block] ?? NO_RECORDS;
  }

  /** Indices in use in a block; 0 where the block does not exist. */
  usedIn(block: number): number {
    const free = this.#free[block] ?? ABSENT;
    return free === ABSENT ? 0 : this.capacity - free;
  }

  /** Takes an index from the lowest block that has one; 0 if none has, see {@link nextBlock}. */
  take(): number {
    const block = this.#lowestOpen();
    if (block === NO_BLOCK) return 0;
    const place = present(this.#heads[block]);
    this.#heads[block] = present(present(this.#records[block])[this.#linkAt(place)]);
    const free = present(this.#free[block]) - 1;
    this.#free[block] = free;
    if (block === this.#spare) this.#spare = NO_BLOCK;
    if (free === 0) this.#close(block);
    return (block << this.#shift) | place;
  }

  /**
   * Gives an index back.
   *
   * @returns the block that no longer exists because of it, whose storage is to be dropped, or
   *   {@link NO_BLOCK}. It need not be the block of `index`: of two free ones the lower stays.
   */
  give(index: number): number {
    const block = index >>> this.#shift;
    const place = index & this.capacity;
    const free = present(this.#free[block]) + 1;
    assert(place !== 0 && free > 0 && free <= this.capacity);
    present(this.#records[block])[this.#linkAt(place)] = present(this.#heads[block]);
    this.#heads[block] = place;
    this.#free[block] = free;
    if (free === 1) this.#reopen(block);
    if (free < this.capacity) return NO_BLOCK;
    const other = this.#spare;
    this.#spare = other === NO_BLOCK ? block : Math.min(block, other);
    return other === NO_BLOCK ? NO_BLOCK : this.#remove(Math.max(block, other));
  }

  /** Removes the wholly free block that was kept; {@link NO_BLOCK} if there is none. */
  removeSpare(): number {
    const block = this.#spare;
    if (block === NO_BLOCK) return NO_BLOCK;
    this.#spare = NO_BLOCK;
    return this.#remove(block);
  }

  /**
   * The lowest block that does not exist, for which the caller makes storage before {@link add}.
   */
  nextBlock(): number {
    if (this.#blockCount === this.#free.length) return this.#blockCount;
    return this.#free.indexOf(ABSENT);
  }

  /**
   * Adds {@link nextBlock} with all its places free.
   *
   * @param records - {@link recordBytes} of storage, of which only the links are written
   */
  add(block: number, records: Uint32Array = new Uint32Array(this.recordBytes / 4)): void {
    assert(block === this.nextBlock() && records.byteLength === this.recordBytes);
    for (let place = 1; place < this.capacity; place++) records[this.#linkAt(place)] = place + 1;
    records[this.#linkAt(this.capacity)] = 0;
    this.#records[block] = records;
    this.#heads[block] = 1;
    this.#free[block] = this.capacity;
    this.#blockCount++;
    if (block >>> 5 >= this.#open.length) {
      const wider = new Uint32Array(2 * this.#open.length);
      wider.set(this.#open);
      this.#open = wider;
    }
    this.#reopen(block);
  }

  #linkAt(place: number): number {
    return place * this.#recordWords + this.#linkWord;
  }

  #remove(block: number): number {
    this.#close(block);
    this.#free[block] = ABSENT;
    this.#records[block] = NO_RECORDS;
    this.#blockCount--;
    while (this.#free.at(-1) === ABSENT) {
      this.#free.pop();
      this.#records.pop();
      this.#heads.pop();
    }
    return block;
  }

  #lowestOpen(): number {
    const open = this.#open;
    for (let word = this.#openFrom; word < open.length; word++) {
      const bits = present(open[word]);
      this.#openFrom = word;
      if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits & -bits);
    }
    return NO_BLOCK;
  }

  #reopen(block: number): void {
    const word = block >>> 5;
    this.#open[word] = present(this.#open[word]) | (1 << (block & 31));
    if (word < this.#openFrom) this.#openFrom = word;
  }

  #close(block: number): void {
    const word = block >>> 5;
    this.#open[word] = present(this.#open[word]) & ~(1 << (block & 31));
  }
}

const NO_RECORDS = new Uint32Array(0);
