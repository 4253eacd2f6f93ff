/**
 * Runs of consecutive pages in an address space or a file, numbered through from the first page of
 * the first run to the last of the last: the map from a page's number to where it is.
 */
import { assert, present } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';

/** Some consecutive pages. */
export interface PageRange {
  /** Byte address of the first. */
  readonly address: number;
  readonly pages: number;
  /** Whether others may map the same pages, the kernel's one zero page among them. */
  readonly isShared: boolean;
}

/** A list of runs; a run that continues the last one becomes part of it. */
export class PageRanges {
  readonly #ranges: { address: number; pages: number; isShared: boolean }[] = [];
  /** Number of the first page of each run. */
  readonly #firsts: number[] = [];
  #pages = 0;

  /** Pages of all runs. */
  get pages(): number {
    return this.#pages;
  }

  /** Appends a run. */
  add(address: number, pages: number, isShared = false): void {
    assert(pages > 0);
    const last = this.#ranges.at(-1);
    if (
      last !== undefined &&
      last.isShared === isShared &&
      last.address + last.pages * PAGE_SIZE === address
    ) {
      last.pages += pages;
    } else {
      this.#ranges.push({ address, pages, isShared });
      this.#firsts.push(this.#pages);
    }
    this.#pages += pages;
  }

  /**
   * Calls `visit` for each piece of pages `first .. first + count - 1` that lies in one run, with
   * the number of its first page less `first`.
   */
  visit(first: number, count: number, visit: (piece: PageRange, at: number) => void): void {
    assert(first >= 0 && first + count <= this.#pages);
    let at = 0;
    for (let index = this.#indexOf(first); at < count; index++) {
      const range = present(this.#ranges[index]);
      const skipped = first + at - present(this.#firsts[index]);
      const pages = Math.min(count - at, range.pages - skipped);
      visit({ ...range, address: range.address + skipped * PAGE_SIZE, pages }, at);
      at += pages;
    }
  }

  /** The run that page `number` lies in. */
  #indexOf(number: number): number {
    let low = 0;
    let high = this.#firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (present(this.#firsts[middle]) <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
