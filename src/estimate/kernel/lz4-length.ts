/**
 * How long Linux's own lz4 makes a page. The format leaves the search for matches to the
 * compressor, and ours finds more, so its lengths say nothing exact about the kernel's zram. This
 * takes the kernel's search, and counts what it would write without writing it.
 *
 * The search, of LZ4's fast compressor at acceleration 1 for input below 64 KiB: one candidate by a
 * hash of four bytes in a table of 2^13; a step that grows by one for each 64 misses; a match
 * grows backwards over literals; after it the position two before its end is noted as well.
 *
 * @see lib/lz4/lz4_compress.c; the LZ4 block format
 */
import { present } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';

const HASH_BITS = 13;
const HASH_FACTOR = 2654435761 | 0;
/** Misses after which the step grows by one. */
const MISSES_A_STEP = 64;
const MATCH_MIN = 4;
/** A match ends this far from the end of the input, and begins this far from it, at the latest. */
const LITERALS_LAST = 5;
const MATCH_START_LAST = 12;
/** Literals or match bytes that a token counts itself; more take further bytes of 255. */
const TOKEN_MAX = 15;

const MATCH_END = PAGE_SIZE - LITERALS_LAST;
const SEARCH_END = PAGE_SIZE - MATCH_START_LAST;

const table = new Uint16Array(1 << HASH_BITS);

/** Bytes of the block that the kernel's lz4 makes of a page; may be 4096 and more. */
export function kernelLz4Length(page: Uint8Array): number {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_SIZE);
  const slotOf = (at: number): number =>
    Math.imul(view.getInt32(at, true), HASH_FACTOR) >>> (32 - HASH_BITS);
  table.fill(0);
  let bytes = 0;
  let literals = 0;
  let at = 1;
  for (;;) {
    const found = search(view, slotOf, at);
    if (found < 0) break;
    let start = found;
    let match = candidate;
    while (start > literals && match > 0 && page[start - 1] === page[match - 1]) {
      start--;
      match--;
    }
    bytes += sequenceBytes(start - literals);
    for (;;) {
      const end = matchEnd(page, start + MATCH_MIN, match + MATCH_MIN);
      bytes += extraBytes(end - start - MATCH_MIN);
      literals = at = end;
      if (at > SEARCH_END) return bytes + lastBytes(literals);
      table[slotOf(at - 2)] = at - 2;
      const slot = slotOf(at);
      match = present(table[slot]);
      table[slot] = at;
      if (view.getInt32(match, true) !== view.getInt32(at, true)) break;
      start = at;
      bytes += sequenceBytes(0);
    }
    at++;
  }
  return bytes + lastBytes(literals);
}

/** Where the match that {@link search} found comes from. */
let candidate = 0;

/** The first position from `at` on that matches its candidate, or -1. */
function search(view: DataView, slotOf: (at: number) => number, from: number): number {
  let at = from;
  let next = from;
  let slot = slotOf(at);
  let step = 1;
  for (let misses = MISSES_A_STEP; ; misses++) {
    at = next;
    next += step;
    step = Math.floor(misses / MISSES_A_STEP);
    if (next > SEARCH_END) return -1;
    candidate = present(table[slot]);
    table[slot] = at;
    if (view.getInt32(candidate, true) === view.getInt32(at, true)) return at;
    slot = slotOf(next);
  }
}

function matchEnd(page: Uint8Array, from: number, match: number): number {
  let at = from;
  for (let other = match; at < MATCH_END && page[at] === page[other]; at++) other++;
  return at;
}

/** A token, its literals and a match's offset. */
function sequenceBytes(literals: number): number {
  return 1 + extraBytes(literals) + literals + 2;
}

function lastBytes(from: number): number {
  const literals = PAGE_SIZE - from;
  return 1 + extraBytes(literals) + literals;
}

function extraBytes(length: number): number {
  return length < TOKEN_MAX ? 0 : 1 + Math.floor((length - TOKEN_MAX) / 255);
}
