/**
 * How long Linux's own lzo and lzo-rle make a page: the kernel's search for matches, with what it
 * would write counted and not written. See {@link kernelLz4Length} for why.
 *
 * The search, of LZO1X-1: one candidate by a hash of four bytes in a table of 2^13; the step from a
 * miss grows by one for each 32 literals that are waiting; matches do not grow backwards. lzo-rle
 * takes a run of four zero bytes or more before it looks for a match.
 *
 * @see Documentation/staging/lzo.rst of the kernel, for the instructions and their lengths;
 *   lib/lzo/lzo1x_compress.c, for the search
 */
import { present } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';

const HASH_BITS = 13;
const HASH_FACTOR = 0x1824429d;
/** Literals waiting that make the step one longer, as a shift. */
const STEP_SHIFT = 5;
const MATCH_MIN = 4;
const WORD_BYTES = 8;
/** The search begins here, and ends this far from the end of the input. */
const SEARCH_START = 5;
const SEARCH_END = PAGE_SIZE - 20;
/** Longest match and distance of the instruction of two bytes. */
const SHORT_MATCH_MAX = 8;
const SHORT_DISTANCE_MAX = 0x800;
/** Longest match of the instruction of three bytes; a longer one takes bytes of 255 more. */
const MIDDLE_MATCH_MAX = 33;
const ZERO_RUN_MIN = 4;
const ZERO_RUN_MAX = 2047 + ZERO_RUN_MIN;
const ZERO_RUN_BYTES = 4;
/** Literals that ride in the bits of the instruction before them. */
const RIDING_LITERALS = 3;
/** Literals that an instruction of one byte counts. */
const COUNTED_LITERALS = 18;
/** The same where nothing was written before. */
const FIRST_LITERALS = 238;
const END_BYTES = 3;
/** lzo-rle says so in front. */
const VERSION_BYTES = 2;

const table = new Uint16Array(1 << HASH_BITS);

/** Bytes of what the kernel's lzo, or lzo-rle, makes of a page; may be 4096 and more. */
export function kernelLzoLength(page: Uint8Array, hasRuns: boolean): number {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_SIZE);
  table.fill(0);
  let bytes = 0;
  let waiting = 0;
  let at = SEARCH_START;
  while (at < SEARCH_END) {
    const word = view.getInt32(at, true);
    let end = 0;
    let copyBytes = 0;
    if (hasRuns && word === 0) {
      end = zeroRunEnd(page, at);
      copyBytes = ZERO_RUN_BYTES;
    } else {
      const slot = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS);
      const match = present(table[slot]);
      table[slot] = at;
      if (view.getInt32(match, true) === word) {
        end = matchEnd(page, at, match);
        copyBytes = matchBytes(end - at, at - match);
      }
    }
    if (end === 0) {
      at += 1 + ((at - waiting) >> STEP_SHIFT);
      continue;
    }
    bytes += literalBytes(at - waiting) + copyBytes;
    waiting = at = end;
  }
  const rest = PAGE_SIZE - waiting;
  const isAll = bytes === 0 && rest <= FIRST_LITERALS;
  bytes += isAll ? rest + 1 : literalBytes(rest);
  return bytes + END_BYTES + (hasRuns ? VERSION_BYTES : 0);
}

function zeroRunEnd(page: Uint8Array, from: number): number {
  const limit = Math.min(SEARCH_END, from + ZERO_RUN_MAX);
  let at = from + ZERO_RUN_MIN;
  while (at < limit && page[at] === 0) at++;
  return at;
}

/**
 * Matches are compared eight bytes at a time, and looked at for the end of the search only between
 * two equal words: so one may reach a little beyond it.
 */
function matchEnd(page: Uint8Array, from: number, match: number): number {
  const distance = from - match;
  let word = from + MATCH_MIN;
  for (;;) {
    for (let at = word; at < word + WORD_BYTES; at++) {
      if (page[at] !== page[at - distance]) return at;
    }
    word += WORD_BYTES;
    if (word >= SEARCH_END) return word;
  }
}

/** An instruction that copies `length` bytes from `distance` before. */
function matchBytes(length: number, distance: number): number {
  if (length <= SHORT_MATCH_MAX && distance <= SHORT_DISTANCE_MAX) return 2;
  return 3 + countBytes(length - MIDDLE_MATCH_MAX);
}

/** Literals with the instruction for them. */
function literalBytes(count: number): number {
  if (count <= RIDING_LITERALS) return count;
  return count + 1 + countBytes(count - COUNTED_LITERALS);
}

/** Bytes beyond an instruction's own that count the rest of a length. */
function countBytes(rest: number): number {
  return rest <= 0 ? 0 : Math.floor((rest - 1) / 255) + 1;
}
