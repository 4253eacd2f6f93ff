/**
 * Views of the first n bytes of one buffer, each made once. Copying a part of a typed array needs a
 * view of exactly that part, and a view per page is garbage per page; compressed objects start at
 * the front of a fixed window, so at most one view per length is ever needed. Whose lengths all are
 * multiples of some step has a table that is so much smaller.
 */
import { assert } from './assert.ts';

export class PrefixViews {
  /** The whole window. */
  readonly bytes: Uint8Array;
  readonly #step: number;
  readonly #views: (Uint8Array | undefined)[] = [];

  /** @param step - what all lengths are multiples of */
  constructor(bytes: Uint8Array, step: number = 1) {
    this.bytes = bytes;
    this.#step = step;
    // Many times as fast as with a callback, and simulated worlds are made by the thousand.
    this.#views.length = bytes.length / step + 1;
    this.#views.fill(undefined);
  }

  /** The view of bytes `[0, length)`; the same object each time. */
  of(length: number): Uint8Array {
    const view = this.#views[length / this.#step];
    if (view !== undefined) return view;
    assert(length >= 0 && length <= this.bytes.length && length % this.#step === 0);
    const made = this.bytes.subarray(0, length);
    this.#views[length / this.#step] = made;
    return made;
  }
}
