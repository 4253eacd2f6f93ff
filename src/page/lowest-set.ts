/**
 * A set of small integers that knows its least member: a bitmap, with a bitmap of its non-empty
 * words above it, and so on up to one word. The page allocator asks it for the lowest chunk with
 * room, whatever the number of chunks.
 *
 * ```
 * level 1              [ word: bit i set if word i below is not 0 ]
 * level 0   [ 0..31 ][ 32..63 ][ 64..95 ] ...
 * ```
 *
 * Words are signed: in code that is not yet optimized, one above 2^31 would be a number object.
 */
import { assert, present } from '../std/assert.ts';

const WORD_SHIFT = 5;
const WORD_MASK = 31;
/** No member, where a member could stand. */
export const NO_MEMBER = -1;

export class LowestSet {
  readonly #levels: Int32Array[] = [new Int32Array(1)];

  get metadataBytes(): number {
    let bytes = 0;
    for (const words of this.#levels) bytes += words.byteLength;
    return bytes;
  }

  has(member: number): boolean {
    const word = present(this.#levels[0])[member >>> WORD_SHIFT] ?? 0;
    return (word & (1 << (member & WORD_MASK))) !== 0;
  }

  /** Adds a member, which is an integer of 0 or more; nothing happens if it is there. */
  add(member: number): void {
    assert(member >= 0);
    while (member >>> WORD_SHIFT >= present(this.#levels[0]).length) this.#addLevel();
    let at = member;
    for (const words of this.#levels) {
      const word = present(words[at >>> WORD_SHIFT]);
      words[at >>> WORD_SHIFT] = word | (1 << (at & WORD_MASK));
      if (word !== 0) return;
      at >>>= WORD_SHIFT;
    }
  }

  /** Takes a member out; nothing happens if it is not there. */
  delete(member: number): void {
    if (!this.has(member)) return;
    let at = member;
    for (const words of this.#levels) {
      const word = present(words[at >>> WORD_SHIFT]) & ~(1 << (at & WORD_MASK));
      words[at >>> WORD_SHIFT] = word;
      if (word !== 0) return;
      at >>>= WORD_SHIFT;
    }
  }

  /** The least member, {@link NO_MEMBER} if there is none. */
  lowest(): number {
    let at = 0;
    for (let level = this.#levels.length - 1; level >= 0; level -= 1) {
      const word = present(present(this.#levels[level])[at]);
      if (word === 0) return NO_MEMBER;
      at = (at << WORD_SHIFT) | (WORD_MASK - Math.clz32(word & -word));
    }
    return at;
  }

  /** Makes room for 32 times as many members. */
  #addLevel(): void {
    const levels = this.#levels;
    const isEmpty = present(present(levels.at(-1))[0]) === 0;
    for (let level = 0; level < levels.length; level += 1) {
      const words = present(levels[level]);
      const wider = new Int32Array(words.length << WORD_SHIFT);
      wider.set(words);
      levels[level] = wider;
    }
    levels.push(Int32Array.of(isEmpty ? 0 : 1));
  }
}
