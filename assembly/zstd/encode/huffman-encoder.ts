// Literals under a Huffman code, the writing side (RFC 8878, section 4.2): the code's description
// and its streams. A code is 32 bits: its length in the low byte, its value from bit 8 on.

import {
  buildEncoder,
  firstState,
  fittingLog,
  nextState,
  normalize,
  recordOf,
  stateBits,
  writeDistribution,
} from './fse-encoder';
import { LENGTHS, LITERALS, SORT_PLACES, WEIGHTS, WEIGHT_COUNTS, WEIGHT_ENCODER } from '../layout';

const WEIGHT_LOG_MAX: u32 = 6;
const WEIGHT_SYMBOLS: u32 = 12;

/** Makes the codes of 256 symbols from LENGTHS, of which `longest` is the greatest. */
export function assignCodes(codes: usize, longest: u32): void {
  memory.fill(SORT_PLACES, 0, 32);
  for (let symbol: usize = 0; symbol < 256; symbol++) {
    const place = SORT_PLACES + (<usize>load<u8>(LENGTHS + symbol) << 1);
    store<u16>(place, load<u16>(place) + 1);
  }
  let value: u32 = 0;
  for (let length = longest; length > 0; length--) {
    const count = <u32>load<u16>(SORT_PLACES + (length << 1));
    store<u16>(SORT_PLACES + (length << 1), <u16>value);
    value = (value + count) >> 1;
  }
  for (let symbol: usize = 0; symbol < 256; symbol++) {
    const length = <u32>load<u8>(LENGTHS + symbol);
    const place = SORT_PLACES + (length << 1);
    const code = <u32>load<u16>(place);
    store<u16>(place, <u16>(code + 1));
    store<u32>(codes + (symbol << 2), length === 0 ? 0 : length | (code << 8));
  }
}

/** Writes the description of the code in LENGTHS. Returns the place after it, or 0 if none fits. */
export function writeCode(op: usize, longest: u32): usize {
  let count: u32 = 255;
  while (load<u8>(LENGTHS + count) === 0) count--;
  memory.fill(WEIGHT_COUNTS, 0, 32);
  for (let symbol: usize = 0; symbol < <usize>count; symbol++) {
    const length = <u32>load<u8>(LENGTHS + symbol);
    const weight = length === 0 ? 0 : longest + 1 - length;
    store<u8>(WEIGHTS + symbol, <u8>weight);
    const counter = WEIGHT_COUNTS + (weight << 1);
    store<u16>(counter, load<u16>(counter) + 1);
  }
  const end = writePackedWeights(op + 1, count);
  const bytes = <u32>(end - op) - 1;
  if (end !== 0 && bytes < 128 && (bytes <= count >> 1 || count > 128)) {
    store<u8>(op, <u8>bytes);
    return end;
  }
  if (count > 128) return 0;
  store<u8>(op, <u8>(127 + count));
  store<u8>(WEIGHTS + count, 0);
  for (let symbol: u32 = 0; symbol < count; symbol += 2) {
    const pair = (load<u8>(WEIGHTS + symbol) << 4) | load<u8>(WEIGHTS + symbol, 1);
    store<u8>(op + 1 + (symbol >> 1), pair);
  }
  return op + 1 + ((count + 1) >> 1);
}

/** Writes `count` weights with FSE. Returns the place after them, or 0 if all are alike. */
function writePackedWeights(op: usize, count: u32): usize {
  let last: u32 = WEIGHT_SYMBOLS - 1;
  while (load<u16>(WEIGHT_COUNTS + (last << 1)) === 0) last--;
  for (let weight: u32 = 0; weight <= last; weight++) {
    if (load<u16>(WEIGHT_COUNTS + (weight << 1)) === count) return 0;
  }
  const log = fittingLog(count, last, WEIGHT_LOG_MAX);
  normalize(WEIGHT_COUNTS, last + 1, count, log);
  op = writeDistribution(op, log);
  buildEncoder(WEIGHT_ENCODER, last + 1, log);
  let one: u32 = 0;
  let two: u32 = 0;
  let bits: u64 = 0;
  let held: u32 = 0;
  // The two states take turns; what is encoded first is decoded last.
  for (let at = <i32>count - 1; at >= 0; at--) {
    const record = recordOf(WEIGHT_ENCODER, <usize>load<u8>(WEIGHTS + at));
    const state = one;
    one = two;
    if (at >= <i32>count - 2) {
      two = firstState(record);
      continue;
    }
    const written = stateBits(record, state);
    bits |= <u64>(state & ((1 << written) - 1)) << held;
    held += written;
    two = nextState(record, state, written);
    store<u64>(op, bits);
    op += held >> 3;
    bits >>= held & ~7;
    held &= 7;
  }
  // `two` is the state of the first weight.
  const mask: u32 = (1 << log) - 1;
  bits |= <u64>((one & mask) | ((two & mask) << log) | (1 << (2 * log))) << held;
  store<u64>(op, bits);
  return op + ((held + 2 * log + 8) >> 3);
}

@inline
function lengthOf(code: u32): u32 {
  return code & 255;
}

/** Writes the literals `[from, end)` as one stream. Returns the place after it. */
export function writeStream(op: usize, codes: usize, from: usize, end: usize): usize {
  let bits: u64 = 0;
  let held: u32 = 0;
  let at = end;
  // Four codes are 44 bits at most; less than 8 are left of those before.
  while (at >= from + 4) {
    const four = load<u32>(at - 4);
    let code = load<u32>(codes + <usize>((four >> 24) << 2));
    bits |= <u64>(code >> 8) << held;
    held += lengthOf(code);
    code = load<u32>(codes + <usize>(((four >> 16) & 255) << 2));
    bits |= <u64>(code >> 8) << held;
    held += lengthOf(code);
    code = load<u32>(codes + <usize>(((four >> 8) & 255) << 2));
    bits |= <u64>(code >> 8) << held;
    held += lengthOf(code);
    code = load<u32>(codes + <usize>((four & 255) << 2));
    bits |= <u64>(code >> 8) << held;
    held += lengthOf(code);
    at -= 4;
    store<u64>(op, bits);
    op += held >> 3;
    bits >>= held & ~7;
    held &= 7;
  }
  while (at > from) {
    const code = load<u32>(codes + (<usize>load<u8>(--at) << 2));
    bits |= <u64>(code >> 8) << held;
    held += lengthOf(code);
  }
  bits |= (<u64>1) << held;
  store<u64>(op, bits);
  return op + ((held + 8) >> 3);
}

/** Writes `count` literals as four streams behind their sizes. Returns the place after them. */
export function writeFourStreams(op: usize, codes: usize, count: usize): usize {
  const quarter = (count + 3) >> 2;
  const sizes = op;
  op += 6;
  let from = LITERALS;
  for (let stream: usize = 0; stream < 3; stream++) {
    const start = op;
    op = writeStream(op, codes, from, from + quarter);
    store<u16>(sizes + (stream << 1), <u16>(op - start));
    from += quarter;
  }
  return writeStream(op, codes, from, LITERALS + count);
}
