/**
 * When items joined their list, for one item in 64: enough to say how old a list is, and nothing
 * for the rest to pay. Which items are looked at is decided by their index, which has nothing to do
 * with their age, so they are a fair sample.
 *
 * A stamp is kept until its index is used again, so it says nothing about an item that is gone: who
 * reads the stamps asks whether the item is there.
 */
import { present } from '../std/assert.ts';
import type { Rt } from '../rt/rt.ts';

const SAMPLE_SHIFT = 6;
const SAMPLE_MASK: number = (1 << SAMPLE_SHIFT) - 1;
const FIRST_STAMPS = 64;
/** Stamps are in tenths of a second: 32 bits of them last for years. */
const STAMP_MS = 100;

export class ListAges {
  readonly #rt: Pick<Rt, 'nowMs'>;
  /** By index / 64. */
  #stamps: Uint32Array = new Uint32Array(0);

  constructor(rt: Pick<Rt, 'nowMs'>) {
    this.#rt = rt;
  }

  get metadataBytes(): number {
    return this.#stamps.byteLength;
  }

  /** An item joins its list, or joins it anew. */
  joined(index: number): void {
    if ((index & SAMPLE_MASK) === 0) this.#stamp(index >>> SAMPLE_SHIFT);
  }

  /**
   * Calls `visit` for items whose age is known, with the age in seconds.
   *
   * @param isListed - whether there is such an item now
   * @param visitMax - at most about so many are looked at, spread over all
   */
  visit(
    isListed: (index: number) => boolean,
    visit: (index: number, ageSeconds: number) => void,
    visitMax: number = Infinity,
  ): void {
    const now = this.#now();
    const step = Math.max(1, Math.ceil(this.#stamps.length / visitMax));
    for (let at = 0; at < this.#stamps.length; at += step) {
      const index = at << SAMPLE_SHIFT;
      if (!isListed(index)) continue;
      visit(index, ((now - present(this.#stamps[at])) * STAMP_MS) / 1000);
    }
  }

  #now(): number {
    return Math.floor(this.#rt.nowMs() / STAMP_MS);
  }

  #stamp(at: number): void {
    if (at >= this.#stamps.length) {
      const grown = new Uint32Array(Math.max(FIRST_STAMPS, 2 ** Math.ceil(Math.log2(at + 1))));
      grown.set(this.#stamps);
      this.#stamps = grown;
    }
    this.#stamps[at] = this.#now();
  }
}
