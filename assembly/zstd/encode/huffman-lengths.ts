// Code lengths of a Huffman code that are at most 11: a counting sort, the in-place construction of
// Moffat and Katajainen ("In-place calculation of minimum-redundancy codes", 1995), and for what is
// too long the repair that keeps the sum of 2^-length at one.

import { LENGTHS, SORTED, SORT_PLACES, SYMBOL_OF } from '../layout';

export const LENGTH_MAX: u32 = 11;

/** Counts from here on are rare and sorted by insertion. */
const COUNTED: u32 = 64;

/** Symbols that occur, sorted by count: counts to SORTED (32 bits), symbols to SYMBOL_OF. */
function sortSymbols(counts: usize): u32 {
  memory.fill(SORT_PLACES, 0, (COUNTED + 1) << 1);
  for (let symbol: usize = 0; symbol < 256; symbol++) {
    const count = min<u32>(load<u16>(counts + (symbol << 1)), COUNTED);
    const place = SORT_PLACES + (count << 1);
    store<u16>(place, load<u16>(place) + 1);
  }
  let place: u32 = 0;
  for (let count: usize = 1; count <= COUNTED; count++) {
    const symbols = <u32>load<u16>(SORT_PLACES + (count << 1));
    store<u16>(SORT_PLACES + (count << 1), <u16>place);
    place += symbols;
  }
  const firstInserted = <u32>load<u16>(SORT_PLACES + (COUNTED << 1));
  let used = firstInserted;
  for (let symbol: usize = 0; symbol < 256; symbol++) {
    const count = <u32>load<u16>(counts + (symbol << 1));
    if (count === 0) continue;
    let at: u32;
    if (count < COUNTED) {
      const next = SORT_PLACES + (count << 1);
      at = load<u16>(next);
      store<u16>(next, <u16>(at + 1));
    } else {
      at = used++;
      while (at > firstInserted && load<u32>(SORTED + ((at - 1) << 2)) > count) {
        store<u32>(SORTED + (at << 2), load<u32>(SORTED + ((at - 1) << 2)));
        store<u8>(SYMBOL_OF + at, load<u8>(SYMBOL_OF + at - 1));
        at--;
      }
    }
    store<u32>(SORTED + (at << 2), count);
    store<u8>(SYMBOL_OF + at, <u8>symbol);
  }
  return used;
}

@inline
function sorted(index: u32): u32 {
  return load<u32>(SORTED + (index << 2));
}

/** Turns the counts in SORTED, two at least, into the depths of inner nodes. */
function findDepths(symbols: u32): void {
  let root: u32 = 0;
  let leaf: u32 = 0;
  for (let next: u32 = 0; next < symbols - 1; next++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      if (leaf >= symbols || (root < next && sorted(root) < sorted(leaf))) {
        weight += sorted(root);
        store<u32>(SORTED + (root++ << 2), next);
      } else {
        weight += sorted(leaf++);
      }
    }
    store<u32>(SORTED + (next << 2), weight);
  }
  store<u32>(SORTED + ((symbols - 2) << 2), 0);
  for (let node = <i32>symbols - 3; node >= 0; node--) {
    store<u32>(SORTED + (node << 2), sorted(sorted(node)) + 1);
  }
}

/** How many codes there are of each length, 16 bits each at SORT_PLACES, none above the longest. */
function countLengths(symbols: u32): void {
  memory.fill(SORT_PLACES, 0, (LENGTH_MAX + 1) << 1);
  let node = <i32>symbols - 2;
  let available: u32 = 1;
  let total: u32 = 0;
  for (let depth: u32 = 0; available > 0; depth++) {
    let inner: u32 = 0;
    while (node >= 0 && sorted(node) === depth) {
      inner++;
      node--;
    }
    const length = min(depth, LENGTH_MAX);
    const place = SORT_PLACES + (length << 1);
    const leaves = available - inner;
    store<u16>(place, <u16>(load<u16>(place) + leaves));
    total += leaves << (LENGTH_MAX - length);
    available = inner << 1;
  }
  // One code less of the longest, and another made one longer with a sibling for it: one less.
  for (; total > 1 << LENGTH_MAX; total--) {
    let length = LENGTH_MAX - 1;
    while (load<u16>(SORT_PLACES + (length << 1)) === 0) length--;
    const place = SORT_PLACES + (length << 1);
    store<u16>(place, load<u16>(place) - 1);
    store<u16>(place, load<u16>(place, 2) + 2, 2);
    const longest = SORT_PLACES + (LENGTH_MAX << 1);
    store<u16>(longest, load<u16>(longest) - 1);
  }
}

/**
 * Finds the code lengths for 256 counts of 16 bits, to LENGTHS; 0 for a symbol that does not occur.
 * Returns the longest, or 0 if fewer than two symbols occur.
 */
export function findLengths(counts: usize): u32 {
  const symbols = sortSymbols(counts);
  if (symbols < 2) return 0;
  findDepths(symbols);
  countLengths(symbols);
  memory.fill(LENGTHS, 0, 256);
  let longest: u32 = 0;
  let at: u32 = 0;
  for (let length: u32 = LENGTH_MAX; length > 0; length--) {
    const codes = <u32>load<u16>(SORT_PLACES + (length << 1));
    if (codes !== 0 && longest === 0) longest = length;
    for (const end = at + codes; at < end; at++) {
      store<u8>(LENGTHS + <usize>load<u8>(SYMBOL_OF + at), <u8>length);
    }
  }
  return longest;
}
