// Decoding tables of sequence codes. A cell is 16 bytes, so that each field is one load:
//
//   0  u32  address of the next cell before its bits are added
//   4  u16  mask of the bits of the next cell's number, times 16
//   6  u16  extra bits of the code
//   8  u16  mask of the extra bits
//   10 u16  bits of the next cell's number
//   12 u32  the value the extra bits are added to

import { LL_CODES, ML_CODES } from './codes';
import { spreadSymbols } from './fse';
import {
  COUNTERS,
  LL_CODE,
  LL_PREDEFINED,
  ML_CODE,
  ML_PREDEFINED,
  NORM,
  OF_CODE,
  OF_PREDEFINED,
  SPREAD,
} from './layout';

/** Accuracy logs of the predefined distributions. */
export const LL_PREDEFINED_LOG: u32 = 6;
export const ML_PREDEFINED_LOG: u32 = 6;
export const OF_PREDEFINED_LOG: u32 = 5;

// RFC 8878, section 3.1.1.3.2.2.
const LL_NORM: usize = memory.data<i8>([
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
  -1, -1, -1, -1,
]);
const ML_NORM: usize = memory.data<i8>([
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
]);
const OF_NORM: usize = memory.data<i8>([
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
]);
const OF_PREDEFINED_CODES: u32 = 29;

/** Builds the 2^log cells for the distribution in NORM, over the codes described at `codes`. */
export function buildCells(cells: usize, codes: usize, symbols: u32, log: u32): void {
  spreadSymbols(symbols, log);
  const size: u32 = 1 << log;
  for (let cell: u32 = 0; cell < size; cell++) {
    const symbol = <usize>load<u8>(SPREAD + cell);
    const state = <u32>load<u16>(COUNTERS + (symbol << 1));
    store<u16>(COUNTERS + (symbol << 1), <u16>(state + 1));
    const bits = log + clz(state) - 31;
    const next = <u32>cells + (((state << bits) - size) << 4);
    const mask = ((1 << bits) - 1) << 4;
    const code = codes + (symbol << 4);
    const at = cells + (cell << 4);
    store<u64>(at, load<u64>(code) | <u64>next | (<u64>mask << 32));
    store<u64>(at, load<u64>(code, 8) | <u64>(bits << 16), 8);
  }
}

/** Makes the one cell of a table that knows a single code. */
export function buildSingleCell(cells: usize, code: usize): void {
  v128.store(cells, v128.load(code));
  store<u32>(cells, <u32>cells);
}

function buildPredefined(cells: usize, codes: usize, norm: usize, symbols: u32, log: u32): void {
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    store<i16>(NORM + (symbol << 1), load<i8>(norm + symbol));
  }
  buildCells(cells, codes, symbols, log);
}

buildPredefined(LL_PREDEFINED, LL_CODE, LL_NORM, LL_CODES, LL_PREDEFINED_LOG);
buildPredefined(ML_PREDEFINED, ML_CODE, ML_NORM, ML_CODES, ML_PREDEFINED_LOG);
buildPredefined(OF_PREDEFINED, OF_CODE, OF_NORM, OF_PREDEFINED_CODES, OF_PREDEFINED_LOG);
