// Finite state entropy, the writing side (RFC 8878, section 4.1): distributions from counts, their
// description, and encoding tables.
//
// An encoding table has a record of eight bytes for each symbol, then the states, 16 bits each:
//
//   0  u32  (bits << 16) minus the least state that gives that many bits
//   4  u32  what turns a state, shifted by its bits and doubled, into the next one's address
//
// A state is the cell's number plus the table's size.

import { spreadSymbols } from '../fse';
import { COUNTERS, NORM, SPREAD } from '../layout';

const SYMBOLS_MAX: usize = 64;
/** Where the states lie, behind the records. */
export const STATES: usize = SYMBOLS_MAX * 8;

@inline
export function topBit(value: u32): u32 {
  return 31 - clz(value);
}

/** A fitting accuracy log for `total` symbols up to `last`: fine where there is much to tell. */
export function fittingLog(total: u32, last: u32, logMax: u32): u32 {
  const enough = topBit(total - 1) - 2;
  const least = min(topBit(total) + 1, topBit(last) + 2);
  return max(5, min(logMax, max(enough, least)));
}

/** Scales the counts of `symbols` symbols, `total` in all, to a sum of 2^log in NORM. */
export function normalize(counts: usize, symbols: u32, total: u32, log: u32): void {
  const scale = (<u32>1 << (log + 18)) / total;
  let left: i32 = 1 << log;
  let most: i32 = 0;
  let mostAt: usize = NORM;
  for (let symbol: usize = 0; symbol < <usize>symbols; symbol++) {
    const count = <u32>load<u16>(counts + (symbol << 1));
    let share: i32 = 0;
    if (count !== 0) {
      share = <i32>((count * scale + (1 << 17)) >> 18);
      if (share === 0) share = 1;
      left -= share;
      if (share > most) {
        most = share;
        mostAt = NORM + (symbol << 1);
      }
    }
    store<i16>(NORM + (symbol << 1), <i16>share);
  }
  if (most + left > most >> 1) {
    store<i16>(mostAt, <i16>(most + left));
  } else {
    takeBack(symbols, -left);
  }
}

/** Takes `excess` cells from symbols that have more than one, the largest first. */
function takeBack(symbols: u32, excess: i32): void {
  while (excess > 0) {
    let mostAt: usize = NORM;
    for (let symbol: usize = 1; symbol < <usize>symbols; symbol++) {
      const at = NORM + (symbol << 1);
      if (load<i16>(at) > load<i16>(mostAt)) mostAt = at;
    }
    const share: i32 = load<i16>(mostAt);
    const taken = min(excess, max(1, share >> 2));
    store<i16>(mostAt, <i16>(share - taken));
    excess -= taken;
  }
}

/** Describes the distribution in NORM at `op`. Returns the place after it. */
export function writeDistribution(op: usize, log: u32): usize {
  let width = log + 1;
  let threshold: i32 = 1 << log;
  let remaining: i32 = threshold + 1;
  let bits: u64 = <u64>(log - 5);
  let held: u32 = 4;
  let at = NORM;
  while (remaining > 1) {
    const share: i32 = load<i16>(at);
    at += 2;
    const low: i32 = 2 * threshold - 1 - remaining;
    remaining -= share;
    let code = share + 1;
    if (code >= threshold) code += low;
    bits |= <u64>code << held;
    held += width - <u32>(code < low);
    while (remaining < threshold) {
      width--;
      threshold >>= 1;
    }
    if (share === 0) {
      let run: u32 = 0;
      while (load<i16>(at) === 0) {
        run++;
        at += 2;
      }
      for (; run >= 3; run -= 3) {
        bits |= (<u64>3) << held;
        held += 2;
        if (held > 32) {
          store<u32>(op, <u32>bits);
          op += 4;
          bits >>= 32;
          held -= 32;
        }
      }
      bits |= <u64>run << held;
      held += 2;
    }
    store<u64>(op, bits);
    op += held >> 3;
    bits >>= held & ~7;
    held &= 7;
  }
  store<u64>(op, bits);
  return op + ((held + 7) >> 3);
}

/** Builds the encoding table at `table` for the distribution in NORM. */
export function buildEncoder(table: usize, symbols: u32, log: u32): void {
  spreadSymbols(symbols, log);
  const size: u32 = 1 << log;
  let first: u32 = 0;
  for (let symbol: usize = 0; symbol < <usize>symbols; symbol++) {
    const share = <u32>load<u16>(COUNTERS + (symbol << 1));
    if (share === 0) continue;
    const bits = share === 1 ? log : log - topBit(share - 1);
    const least = share === 1 ? size : share << bits;
    store<u32>(table + (symbol << 3), (bits << 16) - least);
    store<u32>(table + (symbol << 3), <u32>(table + STATES) + ((first - share) << 1), 4);
    store<u16>(COUNTERS + (symbol << 1), <u16>first);
    first += share;
  }
  for (let cell: u32 = 0; cell < size; cell++) {
    const counter = COUNTERS + (<usize>load<u8>(SPREAD + cell) << 1);
    const index = <usize>load<u16>(counter);
    store<u16>(counter, <u16>(index + 1));
    store<u16>(table + (index << 1), <u16>(size + cell), STATES);
  }
}

/** The record of a symbol. */
@inline
export function recordOf(table: usize, symbol: usize): usize {
  return table + (symbol << 3);
}

/** The state that begins with the symbol of `record`; what precedes it is yet to be encoded. */
@inline
export function firstState(record: usize): u32 {
  const delta = load<u32>(record);
  const bits = (delta + (1 << 15)) >> 16;
  return nextState(record, (bits << 16) - delta, bits);
}

/** How many low bits of `state` are written when the symbol of `record` is encoded. */
@inline
export function stateBits(record: usize, state: u32): u32 {
  return (state + load<u32>(record)) >> 16;
}

/** The state after the symbol of `record`, `bits` of the old one being written. */
@inline
export function nextState(record: usize, state: u32, bits: u32): u32 {
  return load<u16>(((state >> bits) << 1) + load<u32>(record, 4));
}
