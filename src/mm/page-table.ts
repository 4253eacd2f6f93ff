/**
 * The page table of a region: for each page one 32-bit entry (PTE) that says where it is.
 *
 *     31 30 29 28 27                        0
 *     |0 0|  0                              | none: never touched, or discarded; reads as zeros
 *     |0 1| writable |0|     page frame     | present
 *     |1 0|            swap slot            | swapped out; the slot has a reference for it
 *
 * Entries lie in tables of {@link TABLE_PAGES} that are made when first written to and dropped when
 * they hold nothing, so an untouched region costs nothing.
 *
 * @see the kernel's pte_t, include/linux/swapops.h
 */
import { assert, present } from '../std/assert.ts';
import type { Pfn } from '../page/frames.ts';
import type { SwapSlot } from '../swap/table.ts';

/** A page table entry: a signed integer, so that it is never a number object on the heap. */
export type Pte = number;

/** Pages of one table: 4 MiB of a region. */
const TABLE_PAGES = 1024;
const TABLE_MASK = TABLE_PAGES - 1;

const PRESENT = 0x4000_0000;
const WRITABLE = 0x2000_0000;
const PFN_MASK = 0x0fff_ffff;
const SLOT_MASK = 0x3fff_ffff;
/** First slot number that a PTE cannot name. */
export const PTE_SLOT_END: number = SLOT_MASK + 1;

/** Nothing is mapped. */
export const PTE_NONE: Pte = 0;

export function pteIsPresent(pte: Pte): boolean {
  return pte > 0;
}

export function pteIsSwap(pte: Pte): boolean {
  return pte < 0;
}

export function pteIsWritable(pte: Pte): boolean {
  return pte > 0 && (pte & WRITABLE) !== 0;
}

/** The frame of a present PTE. */
export function ptePfn(pte: Pte): Pfn {
  assert(pte > 0);
  return (pte & PFN_MASK) as Pfn;
}

/** The slot of a swap PTE. */
export function pteSlot(pte: Pte): SwapSlot {
  assert(pte < 0);
  return (pte & SLOT_MASK) as SwapSlot;
}

export function presentPte(pfn: Pfn, writable: boolean): Pte {
  assert(pfn > 0 && pfn <= PFN_MASK);
  return PRESENT | (writable ? WRITABLE : 0) | pfn;
}

export function swapPte(slot: SwapSlot): Pte {
  assert(slot < PTE_SLOT_END);
  return slot | 0x8000_0000 | 0;
}

class Table {
  readonly entries: Int32Array = new Int32Array(TABLE_PAGES);
  used = 0;
}

export class PageTable {
  readonly #tables: (Table | undefined)[] = [];
  #tableCount = 0;

  get metadataBytes(): number {
    return this.#tableCount * (TABLE_PAGES * 4 + 160) + this.#tables.length * 8;
  }

  get(index: number): Pte {
    const table = this.#tables[Math.floor(index / TABLE_PAGES)];
    return table === undefined ? PTE_NONE : present(table.entries[index & TABLE_MASK]);
  }

  set(index: number, pte: Pte): void {
    const number = Math.floor(index / TABLE_PAGES);
    let table = this.#tables[number];
    if (table === undefined) {
      if (pte === PTE_NONE) return;
      table = new Table();
      // A hole would turn the array into a dictionary.
      while (this.#tables.length < number) this.#tables.push(undefined);
      this.#tables[number] = table;
      this.#tableCount += 1;
    }
    const place = index & TABLE_MASK;
    const before = present(table.entries[place]);
    table.entries[place] = pte;
    table.used += (pte === PTE_NONE ? 0 : 1) - (before === PTE_NONE ? 0 : 1);
    if (table.used > 0) return;
    this.#tables[number] = undefined;
    this.#tableCount -= 1;
  }

  /**
   * The first page at or after `index` and before `end` whose PTE is not none, or `end`. Steps over
   * missing tables at once.
   */
  next(index: number, end: number): number {
    let at = index;
    while (at < end) {
      const number = Math.floor(at / TABLE_PAGES);
      if (number >= this.#tables.length) return end;
      const table = this.#tables[number];
      if (table === undefined) at = (number + 1) * TABLE_PAGES;
      else if (table.entries[at & TABLE_MASK] !== PTE_NONE) return at;
      else at += 1;
    }
    return end;
  }
}
