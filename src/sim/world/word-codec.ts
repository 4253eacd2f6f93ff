/**
 * A compressor for simulations: fast, with lengths that can be foreseen, and fussy. It knows pages
 * of one repeated word; each stream carries the codec's key, so what one codec has made another
 * one calls malformed.
 */
import { PrefixViews } from '../../std/prefix-views.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { COMPRESS_FAILED, INCOMPRESSIBLE } from '../../codec/codec.ts';
import type { Codec, CodecLane } from '../../codec/codec.ts';

/** Bytes that a page of this word is compressed to: 16, 316, 616, 916 or 1216. */
export function wordLength(word: number): number {
  return 16 + (word % 5) * 300;
}

/** A page that begins with this byte makes the compressor fail. */
export const FAILING_BYTE = 0xfa;

/** @param key - a small number; codecs of different keys do not understand each other */
export function createWordCodec(key = 0): Codec {
  return { name: 'word', spec: `word:${key}`, createLane: () => new WordLane(key) };
}

/** Its streams are short, and worlds with many lanes are made all the time. */
const WINDOW_BYTES = 2048;

class WordLane implements CodecLane {
  readonly window: PrefixViews = new PrefixViews(new Uint8Array(WINDOW_BYTES));
  readonly #view: DataView;
  readonly #key: number;

  constructor(key: number) {
    this.#key = key;
    this.#view = new DataView(this.window.bytes.buffer);
  }

  compress(page: Uint8Array): number {
    if (page[0] === FAILING_BYTE) return COMPRESS_FAILED;
    for (let i = 4; i < PAGE_SIZE; i += 1) if (page[i] !== page[i - 4]) return INCOMPRESSIBLE;
    const word = new DataView(page.buffer, page.byteOffset).getUint32(0, true);
    const length = wordLength(word);
    this.window.bytes.fill(word & 0xff, 0, length);
    this.#view.setUint32(0, word, true);
    this.#view.setUint32(4, this.#key, true);
    this.#view.setUint32(8, ~word, true);
    return length;
  }

  decompress(length: number, target: Uint8Array, targetOffset: number): boolean {
    const word = this.#view.getUint32(0, true);
    if (this.#view.getUint32(4, true) !== this.#key) return false;
    if (this.#view.getUint32(8, true) !== ~word >>> 0 || wordLength(word) !== length) return false;
    const end = targetOffset + PAGE_SIZE;
    target.set(this.window.bytes.subarray(0, 4), targetOffset);
    for (let done = 4; done < PAGE_SIZE; done *= 2) {
      target.copyWithin(
        targetOffset + done,
        targetOffset,
        Math.min(targetOffset + done, end - done),
      );
    }
    return true;
  }
}
