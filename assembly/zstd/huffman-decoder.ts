// Literals under a Huffman code (RFC 8878, section 4.2): reading the code, decoding its streams.
//
// The decoding table always has 2^11 cells, the longest code there can be, so that the shift that
// makes an index is a constant. A cell is the code's length in its low byte, the symbol above.

import { streamTop, takeBits } from './bits';
import { accuracyLog, readDistribution, spreadSymbols } from './fse';
import { COUNTERS, HUFFMAN_CELLS, LITERALS, SPREAD, WEIGHTS, WEIGHT_CELLS } from './layout';

const LENGTH_MAX: u32 = 11;
const SYMBOLS_MAX: u32 = 256;
const WEIGHT_SYMBOLS: u32 = LENGTH_MAX + 1;
const WEIGHT_LOG_MAX: u32 = 6;

/** The cells of the code that literals may use again; 0 where there is none. */
export let codeCells: usize = 0;

/** The longest code of the one read last. */
export let codeLength: u32 = 0;

/** Starts a page with a code that is known, or with 0. */
@inline
export function useCode(cells: usize): void {
  codeCells = cells;
}

/** Reads weights compressed with FSE at `[at, end)`. Returns how many, or 0 if malformed. */
function readPackedWeights(at: usize, end: usize): u32 {
  const start = readDistribution(at, end, WEIGHT_SYMBOLS, WEIGHT_LOG_MAX);
  if (start === 0) return 0;
  const log = accuracyLog;
  spreadSymbols(WEIGHT_SYMBOLS, log);
  const size: u32 = 1 << log;
  for (let cell: u32 = 0; cell < size; cell++) {
    const weight = <usize>load<u8>(SPREAD + cell);
    const state = <u32>load<u16>(COUNTERS + (weight << 1));
    store<u16>(COUNTERS + (weight << 1), <u16>(state + 1));
    const bits = log + clz(state) - 31;
    const next = (state << bits) - size;
    store<u32>(WEIGHT_CELLS + (cell << 2), next | (bits << 8) | (<u32>weight << 16));
  }
  const bottom = start << 3;
  let top = streamTop(start, end);
  if (top < bottom + 2 * log) return 0;
  let one = takeBits(top, log);
  top -= log;
  let two = takeBits(top, log);
  top -= log;
  let count: u32 = 0;
  while (count < SYMBOLS_MAX - 2) {
    const cell = load<u32>(WEIGHT_CELLS + (one << 2));
    store<u8>(WEIGHTS + count++, <u8>(cell >> 16));
    const bits = (cell >> 8) & 255;
    const isLast = top < bottom + bits;
    one = two;
    if (isLast) {
      store<u8>(WEIGHTS + count++, <u8>(load<u32>(WEIGHT_CELLS + (one << 2)) >> 16));
      return count;
    }
    two = (cell & 255) + takeBits(top, bits);
    top -= bits;
  }
  return 0;
}

/** Reads weights of four bits each. Returns how many. */
function readPlainWeights(at: usize, count: u32): u32 {
  for (let index: u32 = 0; index < count; index += 2) {
    const pair = load<u8>(at + (index >> 1));
    store<u8>(WEIGHTS + index, pair >> 4);
    store<u8>(WEIGHTS + index + 1, pair & 15);
  }
  return count;
}

/** Reads a Huffman code at `[at, end)` and builds its cells. Returns the place after it, or 0. */
export function readCode(at: usize, end: usize, cells: usize): usize {
  codeCells = 0;
  if (at >= end) return 0;
  const head = <u32>load<u8>(at++);
  const bytes: u32 = head < 128 ? head : (head - 126) >> 1;
  const next = at + bytes;
  if (next > end) return 0;
  const count = head < 128 ? readPackedWeights(at, next) : readPlainWeights(at, head - 127);
  if (count === 0 || !buildTable(count, cells)) return 0;
  codeCells = cells;
  return next;
}

/** Adds the last weight, which is implied, and fills the table. */
function buildTable(count: u32, cells: usize): bool {
  v128.store(COUNTERS, i64x2.splat(0));
  v128.store(COUNTERS, i64x2.splat(0), 16);
  let total: u32 = 0;
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const weight = <u32>load<u8>(WEIGHTS + symbol);
    if (weight > LENGTH_MAX) return false;
    total += (1 << weight) >> 1;
    const counter = COUNTERS + (weight << 1);
    store<u16>(counter, load<u16>(counter) + 1);
  }
  if (total === 0) return false;
  const length: u32 = 32 - clz(total);
  const rest: u32 = (1 << length) - total;
  codeLength = length;
  if (length > LENGTH_MAX || (rest & (rest - 1)) !== 0) return false;
  const last = 32 - clz(rest);
  store<u8>(WEIGHTS + count, <u8>last);
  store<u16>(COUNTERS + (last << 1), load<u16>(COUNTERS + (last << 1)) + 1);
  // At least two symbols, and an even number of the longest codes.
  const longest = load<u16>(COUNTERS, 2);
  if (longest < 2 || (longest & 1) !== 0) return false;

  let place: u32 = 0;
  for (let weight: u32 = 1; weight <= length; weight++) {
    const symbols = <u32>load<u16>(COUNTERS + (weight << 1));
    store<u16>(COUNTERS + (weight << 1), <u16>place);
    place += symbols << (weight - 1 + LENGTH_MAX - length);
  }
  for (let symbol: u32 = 0; symbol <= count; symbol++) {
    const weight = <u32>load<u8>(WEIGHTS + symbol);
    if (weight !== 0) fillCells(cells, weight, length + 1 - weight, symbol);
  }
  return true;
}

/** Fills the cells of one symbol. */
@inline
function fillCells(table: usize, weight: u32, length: u32, symbol: u32): void {
  const counter = COUNTERS + (weight << 1);
  const first = <u32>load<u16>(counter);
  const cells: u32 = (1 << LENGTH_MAX) >> length;
  store<u16>(counter, <u16>(first + cells));
  let at = table + (<usize>first << 1);
  const cell = length | (symbol << 8);
  if (cells >= 8) {
    const eight = i16x8.splat(<i16>cell);
    const end = at + (<usize>cells << 1);
    do {
      v128.store(at, eight);
      at += 16;
    } while (at < end);
  } else {
    const four = <u64>cell * 0x0001000100010001;
    if (cells === 4) store<u64>(at, four);
    else if (cells === 2) store<u32>(at, <u32>four);
    else store<u16>(at, <u16>cell);
  }
}

/** The 57 or more bits below position `top`, uppermost first. */
@inline
function bitsBelow(top: usize): u64 {
  const end = (top + 7) >> 3;
  return load<u64>(end - 8) << <u64>((0 - top) & 7);
}

// Of 57 bits, five symbols can be had.
const ROUND: usize = 5;

/** Decodes five symbols of a stream, from position `top`. Returns the position after them. */
@inline
function decodeRound(cells: usize, top: usize, to: usize): usize {
  let bits = bitsBelow(top);
  let used: u32 = 0;
  for (let k: usize = 0; k < ROUND; k++) {
    const cell = <u32>load<u16>(cells + (<usize>(bits >> (64 - LENGTH_MAX)) << 1));
    store<u8>(to + k, <u8>(cell >> 8));
    bits <<= <u64>(cell & 255);
    used += cell;
  }
  return top - <usize>(used & 255);
}

/** Decodes `count` symbols of a stream, from position `top`. Returns the position after them. */
function decodeTail(cells: usize, top: usize, to: usize, count: usize): usize {
  for (let k: usize = 0; k < count; k++) {
    const cell = <u32>load<u16>(cells + (<usize>(bitsBelow(top) >> (64 - LENGTH_MAX)) << 1));
    store<u8>(to + k, <u8>(cell >> 8));
    top -= <usize>(cell & 255);
  }
  return top;
}

/** Decodes `count` literals from the one stream `[start, end)`. */
export function decodeOneStream(start: usize, end: usize, count: usize): bool {
  let top = streamTop(start, end);
  if (top === 0) return false;
  const cells = codeCells;
  let to = LITERALS;
  let left = count;
  for (; left >= ROUND; left -= ROUND) {
    top = decodeRound(cells, top, to);
    to += ROUND;
  }
  return decodeTail(cells, top, to, left) === start << 3;
}

/** Decodes `count` literals from four streams in `[start, end)`, which begin with their sizes. */
export function decodeFourStreams(start: usize, end: usize, count: usize): bool {
  if (end < start + 10 || count < 6) return false;
  const start1 = start + 6;
  const start2 = start1 + <usize>load<u16>(start);
  const start3 = start2 + <usize>load<u16>(start, 2);
  const start4 = start3 + <usize>load<u16>(start, 4);
  if (start4 >= end) return false;
  let top1 = streamTop(start1, start2);
  let top2 = streamTop(start2, start3);
  let top3 = streamTop(start3, start4);
  let top4 = streamTop(start4, end);
  if (top1 === 0 || top2 === 0 || top3 === 0 || top4 === 0) return false;
  const quarter = (count + 3) >> 2;
  const lastQuarter = count - 3 * quarter;
  const cells = codeCells;
  let to = LITERALS;
  let left = lastQuarter;
  for (; left >= ROUND; left -= ROUND) {
    top1 = decodeRound(cells, top1, to);
    top2 = decodeRound(cells, top2, to + quarter);
    top3 = decodeRound(cells, top3, to + 2 * quarter);
    top4 = decodeRound(cells, top4, to + 3 * quarter);
    to += ROUND;
  }
  top4 = decodeTail(cells, top4, to + 3 * quarter, left);
  left += quarter - lastQuarter;
  top1 = decodeTail(cells, top1, to, left);
  top2 = decodeTail(cells, top2, to + quarter, left);
  top3 = decodeTail(cells, top3, to + 2 * quarter, left);
  return (
    top1 === start1 << 3 && top2 === start2 << 3 && top3 === start3 << 3 && top4 === start4 << 3
  );
}
