/**
 * Pages of a simulated machine: three words that say which page it is, in which version, and to how
 * many bytes it compresses, and nothing else. And the compressor that believes them, so that the
 * real pool is filled with objects of real lengths at little cost.
 *
 *     word 0: mark, compressed bytes | word 1: page | word 2: version | zeros
 *
 * A page of zeros is all zeros, and has no name.
 */
import { assert } from '../../std/assert.ts';
import { PrefixViews } from '../../std/prefix-views.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { CODEC_WINDOW_BYTES, INCOMPRESSIBLE } from '../../codec/codec.ts';
import type { Codec, CodecLane } from '../../codec/codec.ts';

export const PAGE_WORDS = 3;
const PAGE_HEAD_BYTES: number = 4 * PAGE_WORDS;

/** High half of word 0, so that no page with a name looks like zeros. */
const MARK = 0x5a5a_0000;
const LENGTH_MASK = 0xffff;

/** Fewest bytes a simulated page is compressed to: its words. */
export const SIZED_BYTES_MIN: number = PAGE_HEAD_BYTES;

/** Makes a page of what it is to say; 0 bytes make it zeros. */
export function fillPage(
  page: Uint8Array,
  object: number,
  version: number,
  compressedBytes: number,
): void {
  const isZero = compressedBytes === 0;
  const length = Math.min(PAGE_SIZE, Math.max(SIZED_BYTES_MIN, compressedBytes));
  put(page, 0, isZero ? 0 : (MARK | length) >>> 0);
  put(page, 4, isZero ? 0 : object);
  put(page, 8, isZero ? 0 : version);
}

/** Says whether a page is the one it should be. */
export function isPage(
  page: Uint8Array,
  object: number,
  version: number,
  compressedBytes: number,
): boolean {
  if (compressedBytes === 0) return get(page, 0) === 0 && get(page, 4) === 0 && get(page, 8) === 0;
  return get(page, 4) === object && get(page, 8) === version;
}

/** Copies a page's words out. */
export function readWords(page: Uint8Array, words: Uint32Array, at: number): void {
  words[at] = get(page, 0);
  words[at + 1] = get(page, 4);
  words[at + 2] = get(page, 8);
}

/** Makes a page of words that were copied out. */
export function writeWords(page: Uint8Array, start: number, words: Uint32Array, at: number): void {
  page.fill(0, start + PAGE_HEAD_BYTES, start + PAGE_SIZE);
  put(page, start, words[at] ?? 0);
  put(page, start + 4, words[at + 1] ?? 0);
  put(page, start + 8, words[at + 2] ?? 0);
}

function get(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}

function put(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

/** What a compressor costs, in microseconds a page. */
export interface CodecCost {
  readonly compressUs: number;
  readonly decompressUs: number;
}

/**
 * A compressor that gives each page the length it names, and charges what the real one would cost.
 *
 * @param charge - takes microseconds of processor time
 */
export function createSizedCodec(
  spec: string,
  cost: CodecCost,
  charge: (us: number) => void,
): Codec {
  return { name: 'sized', spec, createLane: () => new SizedLane(cost, charge) };
}

class SizedLane implements CodecLane {
  readonly window: PrefixViews = new PrefixViews(new Uint8Array(CODEC_WINDOW_BYTES));
  readonly #cost: CodecCost;
  readonly #charge: (us: number) => void;

  constructor(cost: CodecCost, charge: (us: number) => void) {
    this.#cost = cost;
    this.#charge = charge;
  }

  compress(page: Uint8Array): number {
    this.#charge(this.#cost.compressUs);
    const word = get(page, 0);
    assert((word & ~LENGTH_MASK) >>> 0 === MARK, 'a page that nobody made');
    const length = word & LENGTH_MASK;
    if (length >= PAGE_SIZE) return INCOMPRESSIBLE;
    const window = this.window.bytes;
    for (let at = 0; at < PAGE_HEAD_BYTES; at += 1) window[at] = page[at] ?? 0;
    return length;
  }

  decompress(length: number, target: Uint8Array, targetOffset: number): boolean {
    this.#charge(this.#cost.decompressUs);
    const window = this.window.bytes;
    if ((get(window, 0) & LENGTH_MASK) !== length) return false;
    for (let at = 0; at < PAGE_HEAD_BYTES; at += 1) target[targetOffset + at] = window[at] ?? 0;
    target.fill(0, targetOffset + PAGE_HEAD_BYTES, targetOffset + PAGE_SIZE);
    return true;
  }
}
