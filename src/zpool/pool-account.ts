/**
 * The account of a pool limit: how many pages are in use under it, and whether it was reached. One
 * engine has it to itself; engines on several threads (shards) share it, so that each sees the
 * pages of all.
 *
 * Every sharer writes its own number, on a cache line of its own, and reads those of the others. So
 * nothing is contended for, no page of the limit lies idle in a share that somebody has set aside,
 * and the total is exact but for what others add in the same moment: each of them one zspage.
 *
 * @see mm/zswap.c zswap_total_pages, zswap_pool_reached_full
 */
import { assert } from '../std/assert.ts';

/** Words of a cache line: what one thread writes often must not share it with another's. */
const LINE_WORDS = 16;
/** The first line is everybody's; then there is one for each sharer. */
const REACHED_FULL = 0;

/** Memory for an account of so many sharers, to be given to their threads. */
export function createAccountMemory(sharers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + sharers) * LINE_WORDS * Int32Array.BYTES_PER_ELEMENT);
}

/** One sharer's view of an account. */
export class PoolAccount {
  readonly #words: Int32Array;
  readonly #own: number;

  /**
   * @param memory - of {@link createAccountMemory}; default: an account of this sharer alone
   * @param sharer - its number, from 0; no two may have the same
   */
  constructor(memory: SharedArrayBuffer = createAccountMemory(1), sharer = 0) {
    this.#words = new Int32Array(memory);
    this.#own = (1 + sharer) * LINE_WORDS;
    assert(this.#own < this.#words.length);
  }

  /** Says how many pages this sharer has in use: 0..2^31 - 1. */
  setPages(pages: number): void {
    Atomics.store(this.#words, this.#own, pages);
  }

  /** Pages that the other sharers have in use. */
  othersPages(): number {
    let pages = 0;
    for (let at = LINE_WORDS; at < this.#words.length; at += LINE_WORDS) {
      if (at !== this.#own) pages += Atomics.load(this.#words, at);
    }
    return pages;
  }

  /** True between the pool's reaching its limit and its being at the accept threshold again. */
  get reachedFull(): boolean {
    return Atomics.load(this.#words, REACHED_FULL) !== 0;
  }

  set reachedFull(value: boolean) {
    Atomics.store(this.#words, REACHED_FULL, value ? 1 : 0);
  }
}
