/**
 * Small numbers for 64-bit ids, in the order in which they first appear: a policy's columns are
 * indexed by them. Open addressing over plain columns, so that looking an id up makes no garbage.
 *
 *     cells[hash]     object + 1, or 0
 *     high, low, space of an object: what it stands for; the space tells tenants' ids apart
 */
import { assert } from '../std/assert.ts';

const FIRST_CELLS = 1 << 12;

/** Objects there can be: cells hold them plus one, at most half full, in 32 bits. */
const OBJECTS_MAX = 0x4000_0000;

export class ObjectTable {
  #cells = new Uint32Array(FIRST_CELLS);
  #high = new Uint32Array(FIRST_CELLS / 2);
  #low = new Uint32Array(FIRST_CELLS / 2);
  #space = new Uint16Array(FIRST_CELLS / 2);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The object's number; a new one if it has none. */
  intern(high: number, low: number, space: number): number {
    let cell = this.#cellOf(high, low, space);
    const found = this.#cells[cell] ?? 0;
    if (found > 0) return found - 1;
    if (this.#count === this.#high.length) {
      this.#grow();
      cell = this.#cellOf(high, low, space);
    }
    const object = this.#count;
    this.#high[object] = high;
    this.#low[object] = low;
    this.#space[object] = space;
    this.#count += 1;
    this.#cells[cell] = this.#count;
    return object;
  }

  /** The object's number; -1 if it has none. */
  find(high: number, low: number, space: number): number {
    return (this.#cells[this.#cellOf(high, low, space)] ?? 0) - 1;
  }

  /** The object's id as a number; exact below 2^53. */
  id(object: number): number {
    return (this.#high[object] ?? 0) * 0x1_0000_0000 + (this.#low[object] ?? 0);
  }

  space(object: number): number {
    return this.#space[object] ?? 0;
  }

  /** The cell that holds the id, or the free one where it would go. */
  #cellOf(high: number, low: number, space: number): number {
    const mask = this.#cells.length - 1;
    let cell = hash(high, low, space) & mask;
    for (;;) {
      const found = this.#cells[cell] ?? 0;
      if (found === 0) return cell;
      const object = found - 1;
      const isSame =
        this.#low[object] === low && this.#high[object] === high && this.#space[object] === space;
      if (isSame) return cell;
      cell = (cell + 1) & mask;
    }
  }

  #grow(): void {
    const capacity = 2 * this.#high.length;
    assert(capacity <= OBJECTS_MAX, 'more objects than can be numbered');
    const high = new Uint32Array(capacity);
    const low = new Uint32Array(capacity);
    const space = new Uint16Array(capacity);
    high.set(this.#high);
    low.set(this.#low);
    space.set(this.#space);
    this.#high = high;
    this.#low = low;
    this.#space = space;
    this.#cells = new Uint32Array(2 * capacity);
    const mask = this.#cells.length - 1;
    for (let object = 0; object < this.#count; object += 1) {
      let cell = hash(high[object] ?? 0, low[object] ?? 0, space[object] ?? 0) & mask;
      while (this.#cells[cell] !== 0) cell = (cell + 1) & mask;
      this.#cells[cell] = object + 1;
    }
  }
}

/** A mix of three words (the finalizer of MurmurHash3, by Appleby). */
function hash(high: number, low: number, space: number): number {
  let word = low ^ Math.imul(high, 0x9e37_79b1) ^ Math.imul(space + 1, 0x85eb_ca77);
  word = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
