/**
 * A first-in first-out queue in one growing array. Pushing and shifting make no garbage once the
 * array has the size of the longest queue seen.
 *
 *     items   | . . . | a b c d | . . . |
 *                      head      tail          capacity is a power of two
 */
import { assert } from './assert.ts';

export class Ring<T> {
  #items: (T | undefined)[] = Array.from({ length: 16 }, () => undefined);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length += 1;
  }

  /** Takes the oldest item; undefined when empty. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length -= 1;
    return item;
  }

  #grow(): void {
    const old = this.#items;
    const items: (T | undefined)[] = Array.from({ length: old.length * 2 }, () => undefined);
    for (let i = 0; i < this.#length; i += 1) items[i] = old[(this.#head + i) & (old.length - 1)];
    assert(items.length > this.#length);
    this.#items = items;
    this.#head = 0;
  }
}
