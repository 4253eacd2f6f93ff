// zstd for one page in and out of fixed places, written from RFC 8878.
//
// What is stored is the number of a profile (`profiles.ts`), then one compressed block without its
// header. With a frame header that names the profile's dictionary, and the block header, any zstd
// reads it. Blocks of frames of other zstds, which know no profile, are read as well.

import { OUT, PAGE, PAGE_BYTES, WINDOW } from '../memory';
import { BIT } from './encode/costs';
import { useCode } from './huffman-decoder';
import { readLiterals } from './literals-decoder';
import {
  countLiterals,
  ownCodeCost,
  profileCost,
  rawCost,
  writeLiterals,
  writeRaw,
} from './encode/literals-encoder';
import { findMatches, literalTotal, sequenceCount } from './encode/match-finder';
import { PROFILE_BYTES, PROFILE_DATA } from './profile-data';
import { PROFILE_COUNT, P_HUFFMAN_CELLS, profileAt } from './profiles';
import { useNoTables, useTablesOf } from './sequence-tables';
import { resetHistory, runSequences } from './sequences-decoder';
import {
  countCodes,
  ownTablesCost,
  profileTablesCost,
  writeSequences,
} from './encode/sequences-encoder';

export { OUT, PAGE, PROFILE_BYTES, PROFILE_DATA, WINDOW };

const RAW: u32 = 0;
const RLE: u32 = 1;
const COMPRESSED: u32 = 2;

/** Decompresses what `compress` made, `length` bytes of WINDOW, into OUT. Returns 1, or 0. */
export function decompress(length: i32): i32 {
  const index = <u32>load<u8>(WINDOW);
  if (index >= PROFILE_COUNT) return 0;
  const profile = profileAt(index);
  useCode(profile + P_HUFFMAN_CELLS);
  useTablesOf(profile);
  resetHistory();
  const end = WINDOW + <usize>length;
  const next = readLiterals(WINDOW + 1, end);
  return <i32>(next !== 0 && runSequences(next, end, OUT) === OUT + PAGE_BYTES);
}

/**
 * Decompresses the blocks of a frame without profile, `length` bytes of WINDOW, into OUT. Returns
 * 1, or 0 if they are malformed or not one whole page.
 */
export function decompressBlocks(length: i32): i32 {
  const inEnd = WINDOW + <usize>length;
  const outEnd = OUT + PAGE_BYTES;
  let at = WINDOW;
  let op = OUT;
  useCode(0);
  useNoTables();
  resetHistory();
  while (at + 3 <= inEnd) {
    const header = load<u32>(at) & 0xffffff;
    const kind = (header >> 1) & 3;
    const bytes = <usize>(header >> 3);
    at += 3;
    if (kind === COMPRESSED) {
      if (bytes > inEnd - at) return 0;
      const blockEnd = at + bytes;
      const next = readLiterals(at, blockEnd);
      if (next === 0) return 0;
      op = runSequences(next, blockEnd, op);
      if (op === 0) return 0;
      at = blockEnd;
    } else if (kind === RAW) {
      if (bytes > inEnd - at || bytes > outEnd - op) return 0;
      memory.copy(op, at, bytes);
      at += bytes;
      op += bytes;
    } else if (kind === RLE) {
      if (at >= inEnd || bytes > outEnd - op) return 0;
      memory.fill(op, load<u8>(at), bytes);
      at += 1;
      op += bytes;
    } else {
      return 0;
    }
    if ((header & 1) !== 0) return <i32>(at === inEnd && op === outEnd);
  }
  return 0;
}

/**
 * Compresses PAGE into WINDOW. Without `isCoded` literals stay as they are; the margins are what a
 * profile's code, or each of its tables, may cost more than one of the page's own.
 */
@inline
function compressPage(isCoded: bool, codeMargin: u32, tableMargin: u32): i32 {
  findMatches();
  const literals = literalTotal;
  const sequences = sequenceCount;
  countCodes(sequences);
  const raw = rawCost(literals);
  let ownCode = raw;
  if (isCoded) {
    countLiterals(literals);
    ownCode = min(ownCodeCost(literals) + codeMargin, raw);
  }
  const ownTables = ownTablesCost(sequences, tableMargin);
  let least: u32 = u32.MAX_VALUE;
  let best: u32 = 0;
  for (let index: u32 = 0; index < PROFILE_COUNT; index++) {
    const profile = profileAt(index);
    let cost = min(profileTablesCost(profile), ownTables);
    if (isCoded) cost += min(profileCost(profile), ownCode);
    if (cost < least) {
      least = cost;
      best = index;
    }
  }
  const profile = profileAt(best);
  store<u8>(WINDOW, <u8>best);
  const limit = WINDOW + PAGE_BYTES;
  let op = isCoded
    ? writeLiterals(WINDOW + 1, literals, profile, ownCode)
    : writeRaw(WINDOW + 1, literals);
  if (op > limit) return 0;
  op = writeSequences(op, limit, sequences, profile);
  return op === 0 || op >= limit ? 0 : <i32>(op - WINDOW);
}

// Compress PAGE into WINDOW. They return the length, or 0 if it is not below a page's. They differ
// in what they give for time: the margins decide how often a page has codes and tables of its own,
// which both sides must build.

/** As dense as libzstd's level -1, which leaves literals as they are. */
export function compressFast(): i32 {
  return compressPage(false, 0, 40 * 8 * BIT);
}

/** As dense as libzstd's level 1. */
export function compress(): i32 {
  return compressPage(true, 32 * 8 * BIT, 16 * 8 * BIT);
}

/** As dense as libzstd's level 3. */
export function compressDense(): i32 {
  return compressPage(true, 24 * 8 * BIT, 12 * 8 * BIT);
}
