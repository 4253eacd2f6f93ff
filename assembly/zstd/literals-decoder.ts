// The literals section of a block (RFC 8878, section 3.1.1.3.1).

import { PAGE_BYTES } from '../memory';
import { codeCells, decodeFourStreams, decodeOneStream, readCode } from './huffman-decoder';
import { HUFFMAN_CELLS, LITERALS } from './layout';

/** Where the literals read last are, and how many. */
export let literalsAt: usize = 0;
export let literalsCount: usize = 0;

/** Reads the section at `[at, end)`. Returns the place after it, or 0 if it is malformed. */
export function readLiterals(at: usize, end: usize): usize {
  if (at >= end) return 0;
  const head = <u32>load<u8>(at);
  return (head & 2) === 0 ? readPlain(at, end, head) : readCoded(at, end, head);
}

/** Literals as they are, or one that repeats. */
function readPlain(at: usize, end: usize, head: u32): usize {
  const form = (head >> 2) & 3;
  let count: usize;
  if ((form & 1) === 0) {
    count = head >> 3;
    at += 1;
  } else {
    count = (load<u32>(at) & 0xffffff) >> 4;
    if (form === 1) count &= 0xfff;
    at += form === 1 ? 2 : 3;
  }
  literalsCount = count;
  if (count > PAGE_BYTES) return 0;
  if ((head & 1) === 0) {
    literalsAt = at;
    at += count;
  } else {
    literalsAt = LITERALS;
    memory.fill(LITERALS, load<u8>(at), count);
    at += 1;
  }
  return at > end ? 0 : at;
}

/** Literals under a Huffman code, which comes with them or is the one before. */
function readCoded(at: usize, end: usize, head: u32): usize {
  const form = (head >> 2) & 3;
  // Sizes of 10, 10, 14 and 18 bits behind four bits.
  const width: u64 = form < 2 ? 10 : 6 + 4 * form;
  const sizes = load<u64>(at) >> 4;
  const mask: u64 = (1 << width) - 1;
  const count = <usize>(sizes & mask);
  const bytes = <usize>((sizes >> width) & mask);
  at += form < 2 ? 3 : 2 + form;
  const next = at + bytes;
  if (at > end || next > end || count > PAGE_BYTES) return 0;
  literalsAt = LITERALS;
  literalsCount = count;
  if ((head & 1) === 0) {
    at = readCode(at, next, HUFFMAN_CELLS);
    if (at === 0) return 0;
  } else if (codeCells === 0) {
    return 0;
  }
  if (form === 0) return decodeOneStream(at, next, count) ? next : 0;
  return decodeFourStreams(at, next, count) ? next : 0;
}
