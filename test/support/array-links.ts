/** Links of a list in two plain arrays, for tests of what is linked. */
import { present } from '../../src/std/assert.ts';
import type { Links } from '../../src/std/list.ts';

export class ArrayLinks implements Links {
  readonly #previous: number[];
  readonly #next: number[];

  /** @param items - numbered from 1 */
  constructor(items: number) {
    this.#previous = Array.from({ length: items + 1 }, () => 0);
    this.#next = Array.from({ length: items + 1 }, () => 0);
  }

  previous(index: number): number {
    return present(this.#previous[index]);
  }

  next(index: number): number {
    return present(this.#next[index]);
  }

  setPrevious(index: number, to: number): void {
    this.#previous[index] = to;
  }

  setNext(index: number, to: number): void {
    this.#next[index] = to;
  }
}
