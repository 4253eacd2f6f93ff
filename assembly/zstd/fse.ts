// Finite state entropy tables, as far as all users of them agree (RFC 8878, section 4.1): reading a
// distribution, and spreading symbols over the cells.

import { COUNTERS, NORM, SPREAD } from './layout';

/** Accuracy log of the distribution read last. */
export let accuracyLog: u32 = 0;

/**
 * Reads a distribution of at most `symbolsMax` symbols at `[at, end)` to NORM, where unused symbols
 * are 0. Returns the address after it, or 0 if it is malformed.
 */
export function readDistribution(at: usize, end: usize, symbolsMax: u32, logMax: u32): usize {
  if (at >= end) return 0;
  const log = <u32>(load<u8>(at) & 15) + 5;
  if (log > logMax) return 0;
  const bitEnd = <u32>(end - at) << 3;
  let bit: u32 = 4;
  let width = log + 1;
  let threshold: i32 = 1 << log;
  let remaining: i32 = threshold + 1;
  let symbol: u32 = 0;
  memory.fill(NORM, 0, <usize>symbolsMax << 1);
  while (remaining > 1) {
    if (symbol >= symbolsMax || bit >= bitEnd) return 0;
    const bits = load<u32>(at + (bit >> 3)) >> (bit & 7);
    const low: i32 = 2 * threshold - 1 - remaining;
    let count = <i32>bits & (threshold - 1);
    if (count < low) {
      bit += width - 1;
    } else {
      count = <i32>bits & (2 * threshold - 1);
      if (count >= threshold) count -= low;
      bit += width;
    }
    count--;
    remaining -= count < 0 ? 1 : count;
    store<i16>(NORM + (symbol++ << 1), <i16>count);
    while (remaining < threshold) {
      width--;
      threshold >>= 1;
    }
    if (count === 0) {
      let repeat: u32;
      do {
        if (bit >= bitEnd) return 0;
        repeat = (load<u32>(at + (bit >> 3)) >> (bit & 7)) & 3;
        bit += 2;
        symbol += repeat;
      } while (repeat === 3);
    }
  }
  if (remaining !== 1 || bit > bitEnd) return 0;
  accuracyLog = log;
  return at + ((bit + 7) >> 3);
}

/**
 * Spreads the symbols of NORM over the 2^log cells of SPREAD, and sets each symbol's counter to the
 * states it has.
 */
export function spreadSymbols(symbols: u32, log: u32): void {
  const size: u32 = 1 << log;
  let high = size;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<i16>(NORM + (symbol << 1));
    if (count < 0) store<u8>(SPREAD + --high, <u8>symbol);
    store<u16>(COUNTERS + (symbol << 1), count < 0 ? 1 : count);
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let cell: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    for (let left: i32 = load<i16>(NORM + (symbol << 1)); left > 0; left--) {
      store<u8>(SPREAD + cell, <u8>symbol);
      do cell = (cell + step) & (size - 1);
      while (cell >= high);
    }
  }
}
