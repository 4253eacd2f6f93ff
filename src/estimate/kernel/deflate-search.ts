/**
 * The search for matches of the kernel's deflate: zlib's lazy one at level 6, in a window of 2 KiB,
 * over one page. Its literals and matches are counted by their codes of RFC 1951, section 3.2.5,
 * which is all that the length of a block depends on.
 *
 * The search: chains of positions by a hash of three bytes, the latest first, at most 128 of them,
 * or a quarter if there is a good match already; a match is taken unless the next position has a
 * longer one. Position 0 ends a chain, so the first byte of a page is never copied from.
 *
 * @see lib/zlib_deflate/deflate.c; RFC 1951, chapter 4
 */
import { present } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';

const HASH_BITS = 15;
const HASH_SHIFT = 5;
const HASH_MASK = (1 << HASH_BITS) - 1;
const WINDOW_BYTES = 2048;
const WINDOW_MASK = WINDOW_BYTES - 1;
const MATCH_MIN = 3;
const MATCH_MAX = 258;
/** As far back as a match may be, so that the longest one stays in the window. */
const DISTANCE_MAX = WINDOW_BYTES - (MATCH_MAX + MATCH_MIN + 1);
/** From this length on, a match is good enough to look less hard for a better one. */
const GOOD_MATCH = 8;
/** From this length on, the next position is not looked at. */
const LAZY_MATCH = 16;
/** From this length on, no other candidate is looked at. */
const NICE_MATCH = 128;
const CHAIN_MAX = 128;

/** Codes of literals and lengths; 256 ends a block, lengths begin after it. */
export const LITERAL_CODES = 286;
export const DISTANCE_CODES = 30;
const END_CODE = 256;
const LENGTH_CODES_FIRST = 257;

/** Code of each length, 3..258, and of each distance, 1..1786. */
const lengthCodes = new Uint8Array(MATCH_MAX + 1);
const distanceCodes = new Uint8Array(DISTANCE_MAX + 1);
/** Bits that follow each code of a length or a distance. */
export const LENGTH_EXTRA_BITS: Uint8Array = new Uint8Array(29);
export const DISTANCE_EXTRA_BITS: Uint8Array = new Uint8Array(DISTANCE_CODES);

function fillCodes(codes: Uint8Array, extraBits: Uint8Array, first: number, group: number): void {
  let value = first;
  for (let code = 0; code < extraBits.length; code++) {
    const bits = Math.max(0, Math.floor(code / group) - 1);
    extraBits[code] = bits;
    for (let n = 0; n < 1 << bits; n++) if (value < codes.length) codes[value++] = code;
  }
}

fillCodes(lengthCodes, LENGTH_EXTRA_BITS, MATCH_MIN, 4);
fillCodes(distanceCodes, DISTANCE_EXTRA_BITS, 1, 2);
// The longest match has a code of its own.
lengthCodes[MATCH_MAX] = 28;
LENGTH_EXTRA_BITS[28] = 0;

/** How often each code is used in a page's block. */
export const literalCounts: Uint16Array = new Uint16Array(LITERAL_CODES);
export const distanceCounts: Uint16Array = new Uint16Array(DISTANCE_CODES);

/** The page: one buffer for all, because the search through it is most of the time. */
const window = new Uint8Array(PAGE_SIZE + 1);
const head = new Uint16Array(1 << HASH_BITS);
const previous = new Uint16Array(WINDOW_BYTES);
/** Where the match that {@link longestMatch} found begins. */
let matchStart = 0;

/** Fills {@link literalCounts} and {@link distanceCounts} for a page. */
export function countCodes(page: Uint8Array): void {
  window.set(page);
  literalCounts.fill(0);
  distanceCounts.fill(0);
  literalCounts[END_CODE] = 1;
  head.fill(0);
  let at = 0;
  let length = MATCH_MIN - 1;
  let isWaiting = false;
  while (at < PAGE_SIZE) {
    const candidate = insert(at);
    const lastLength = length;
    const lastStart = matchStart;
    length = MATCH_MIN - 1;
    if (candidate !== 0 && lastLength < LAZY_MATCH && at - candidate <= DISTANCE_MAX) {
      length = longestMatch(at, candidate, lastLength);
    }
    if (lastLength >= MATCH_MIN && length <= lastLength) {
      countMatch(lastLength, at - 1 - lastStart);
      const end = at - 1 + lastLength;
      for (at++; at < end; at++) insert(at);
      isWaiting = false;
      length = MATCH_MIN - 1;
    } else {
      if (isWaiting) countLiteral(at - 1);
      isWaiting = true;
      at++;
    }
  }
  if (isWaiting) countLiteral(PAGE_SIZE - 1);
}

function countLiteral(at: number): void {
  const code = present(window[at]);
  literalCounts[code] = present(literalCounts[code]) + 1;
}

function countMatch(length: number, distance: number): void {
  const code = LENGTH_CODES_FIRST + present(lengthCodes[length]);
  literalCounts[code] = present(literalCounts[code]) + 1;
  const far = present(distanceCodes[distance]);
  distanceCounts[far] = present(distanceCounts[far]) + 1;
}

/** Notes a position under its hash; returns the one that was noted last, 0 if there is none. */
function insert(at: number): number {
  if (at + MATCH_MIN > PAGE_SIZE) return 0;
  const bytes =
    (present(window[at]) << (2 * HASH_SHIFT)) ^
    (present(window[at + 1]) << HASH_SHIFT) ^
    present(window[at + 2]);
  const hash = bytes & HASH_MASK;
  const before = present(head[hash]);
  previous[at & WINDOW_MASK] = before;
  head[hash] = at;
  return before;
}

/** The longest match at `at` that is longer than `lastLength`, else that length. */
function longestMatch(at: number, first: number, lastLength: number): number {
  const most = Math.min(MATCH_MAX, PAGE_SIZE - at);
  const nice = Math.min(NICE_MATCH, most);
  const limit = Math.max(0, at - DISTANCE_MAX);
  let best = lastLength;
  let chain = lastLength >= GOOD_MATCH ? CHAIN_MAX >> 2 : CHAIN_MAX;
  let end = window[at + best];
  for (let match = first; match > limit && chain > 0; chain--) {
    if (window[match + best] === end) {
      let length = 0;
      while (length < most && window[match + length] === window[at + length]) length++;
      if (length > best) {
        matchStart = match;
        best = length;
        if (length >= nice) break;
        end = window[at + best];
      }
    }
    match = previous[match & WINDOW_MASK] ?? 0;
  }
  return Math.min(best, most);
}
