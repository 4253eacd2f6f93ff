// The literals section of a block, the writing side (RFC 8878, section 3.1.1.3.1): as they are, one
// that repeats, under a profile's Huffman code, or under a code of their own.

import { BIT, dot, entropy } from './costs';
import { assignCodes, writeCode, writeFourStreams, writeStream } from './huffman-encoder';
import { findLengths } from './huffman-lengths';
import { HUFFMAN_CODES, LENGTHS, LITERALS, LITERAL_COUNTS } from '../layout';
import { P_CODES, P_LITERAL_COSTS } from '../profiles';

const RAW: u32 = 0;
const RLE: u32 = 1;
const OWN_CODE: u32 = 2;
const PROFILE_CODE: u32 = 3;

const COUNTS_BYTES: usize = 512;
/** Literals that one stream is enough for; the sizes of four are six bytes. */
const ONE_STREAM_MAX: usize = 127;
const STREAM_SIZES: u32 = 6 * 8 * BIT;
/** Fewer are not worth a code. */
const CODED_MIN: usize = 16;

/** Counts `count` literals. */
export function countLiterals(count: usize): void {
  memory.fill(LITERAL_COUNTS, 0, COUNTS_BYTES);
  const end = LITERALS + count;
  for (let at = LITERALS; at < end; at++) {
    const counter = LITERAL_COUNTS + (<usize>load<u8>(at) << 1);
    store<u16>(counter, load<u16>(counter) + 1);
  }
}

/** What the counted literals cost as they are. */
@inline
export function rawCost(count: usize): u32 {
  return <u32>count * 8 * BIT;
}

/** What they cost under the code of a profile. */
@inline
export function profileCost(profile: usize): u32 {
  return dot(LITERAL_COUNTS, profile + P_LITERAL_COSTS, COUNTS_BYTES);
}

/** What they would cost under a code of their own and its description, as an estimate. */
export function ownCodeCost(count: usize): u32 {
  let used: u32 = 0;
  for (let at = LITERAL_COUNTS; at < LITERAL_COUNTS + COUNTS_BYTES; at += 16) {
    const isZero = i16x8.eq(v128.load(at), i64x2.splat(0));
    used += 8 - popcnt(i16x8.bitmask(isZero));
  }
  return entropy(LITERAL_COUNTS, LITERAL_COUNTS + COUNTS_BYTES, <u32>count) + codeCost(used);
}

/** The description of a code of `used` symbols, and what Huffman codes lose on entropy, about. */
@inline
function codeCost(used: u32): u32 {
  return (96 + used * 4) * BIT;
}

/** Writes the counted literals in the cheapest way. Returns the place after them. */
export function writeLiterals(op: usize, count: usize, profile: usize, ownCost: u32): usize {
  if (count < CODED_MIN) return writeRaw(op, count);
  if (<usize>load<u16>(LITERAL_COUNTS + (<usize>load<u8>(LITERALS) << 1)) === count) {
    op = writePlainHeader(op, count, RLE);
    store<u8>(op, load<u8>(LITERALS));
    return op + 1;
  }
  const raw = rawCost(count);
  const known = profileCost(profile);
  if (known <= ownCost) {
    if (known + STREAM_SIZES >= raw) return writeRaw(op, count);
    return writeCoded(op, op + headerBytes(count), profile + P_CODES, count, PROFILE_CODE);
  }
  return ownCost < raw ? writeOwn(op, count) : writeRaw(op, count);
}

function writePlainHeader(op: usize, count: usize, kind: u32): usize {
  if (count < 32) {
    store<u8>(op, <u8>(kind | (<u32>count << 3)));
    return op + 1;
  }
  if (count < 4096) {
    store<u16>(op, <u16>(kind | (1 << 2) | (<u32>count << 4)));
    return op + 2;
  }
  store<u32>(op, kind | (3 << 2) | (<u32>count << 4));
  return op + 3;
}

/** Writes the literals as they are. Returns the place after them. */
export function writeRaw(op: usize, count: usize): usize {
  op = writePlainHeader(op, count, RAW);
  memory.copy(op, LITERALS, count);
  return op + count;
}

function writeOwn(op: usize, count: usize): usize {
  const longest = findLengths(LITERAL_COUNTS);
  assignCodes(HUFFMAN_CODES, longest);
  const body = writeCode(op + headerBytes(count), longest);
  if (body === 0) return writeRaw(op, count);
  return writeCoded(op, body, HUFFMAN_CODES, count, OWN_CODE);
}

/** Bytes of the header of coded literals. */
@inline
function headerBytes(count: usize): usize {
  return count < 1024 ? 3 : 4;
}

/** Writes the streams at `body`, then the header at `op`; raw literals if that is not more. */
function writeCoded(op: usize, body: usize, codes: usize, count: usize, kind: u32): usize {
  const isOne = count <= ONE_STREAM_MAX;
  const end = isOne
    ? writeStream(body, codes, LITERALS, LITERALS + count)
    : writeFourStreams(body, codes, count);
  const header = headerBytes(count);
  const bytes = <u32>(end - op - header);
  if (bytes >= <u32>count) return writeRaw(op, count);
  if (header === 3) {
    const form: u32 = isOne ? 0 : 1;
    const fields = kind | (form << 2) | (<u32>count << 4) | (bytes << 14);
    store<u16>(op, <u16>fields);
    store<u8>(op, <u8>(fields >> 16), 2);
  } else {
    store<u32>(op, kind | (2 << 2) | (<u32>count << 4) | (bytes << 18));
  }
  return end;
}
