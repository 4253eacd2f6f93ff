// Ready-made codes for pages. A page that takes one carries no tables, and neither side builds any.
//
// A profile is what a zstd dictionary has in front of its content (RFC 8878, section 5): a Huffman
// code, and the distributions of offset, match length and literal length codes. It is read here as
// a decoder would read it.

import { BIT, log2 } from './encode/costs';
import { LL_CODES, ML_CODES, OF_CODES } from './codes';
import { accuracyLog, readDistribution } from './fse';
import { buildEncoder } from './encode/fse-encoder';
import { codeLength, readCode } from './huffman-decoder';
import { assignCodes } from './encode/huffman-encoder';
import { LENGTHS, LL_CODE, ML_CODE, NORM, OF_CODE, PROFILES, WEIGHTS } from './layout';
import { PROFILE_BYTES, PROFILE_DATA } from './profile-data';
import { buildCells } from './sequence-cells';

/** How many there are. */
export const PROFILE_COUNT: u32 = 4;

// Tables of one profile, as offsets.
const SIZE: usize = 0x4c40;
export const P_HUFFMAN_CELLS: usize = 0;
export const P_LL_CELLS: usize = 0x1000; // 2^8 cells
export const P_ML_CELLS: usize = 0x2000; // 2^8 cells
export const P_OF_CELLS: usize = 0x3000; // 2^7 cells
export const P_CODES: usize = 0x3800;
export const P_LL_ENCODER: usize = 0x3c00;
export const P_ML_ENCODER: usize = 0x4000;
export const P_OF_ENCODER: usize = 0x4400;
export const P_LITERAL_COSTS: usize = 0x4800; // as LITERAL_COUNTS, in 1/128 of a bit
export const P_LL_COSTS: usize = 0x4a00; // as LL_COUNTS, ML_COUNTS and OF_COUNTS
export const P_ML_COSTS: usize = 0x4a40;
export const P_OF_COSTS: usize = 0x4aa0;
export const P_LL_LOG: usize = 0x4ac0; // accuracy logs, 32 bits each
export const P_ML_LOG: usize = 0x4ac4;
export const P_OF_LOG: usize = 0x4ac8;

/** Where the tables of a profile are. */
@inline
export function profileAt(index: u32): usize {
  return PROFILES + <usize>index * SIZE;
}

/** Costs of symbols by the distribution in NORM; of those it has not, prohibitive. */
function setCosts(costs: usize, symbols: u32, log: u32): void {
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const share = <u32>load<u16>(NORM + (symbol << 1));
    const cost = share === 0 ? 64 * BIT : log * BIT - log2(share);
    store<u16>(costs + (symbol << 1), <u16>cost);
  }
}

function prepare(index: u32): void {
  const profile = profileAt(index);
  const end = PROFILE_DATA + PROFILE_BYTES;
  let at = PROFILE_DATA + load<u16>(PROFILE_DATA + (index << 1));
  at = readCode(at, end, profile + P_HUFFMAN_CELLS);
  for (let symbol: usize = 0; symbol < 256; symbol++) {
    const length = codeLength + 1 - load<u8>(WEIGHTS + symbol);
    store<u8>(LENGTHS + symbol, <u8>length);
    store<u16>(profile + P_LITERAL_COSTS + (symbol << 1), <u16>(length * BIT));
  }
  assignCodes(profile + P_CODES, codeLength);

  at = readDistribution(at, end, OF_CODES, 7);
  setCosts(profile + P_OF_COSTS, 16, accuracyLog);
  store<u32>(profile + P_OF_LOG, accuracyLog);
  buildCells(profile + P_OF_CELLS, OF_CODE, OF_CODES, accuracyLog);
  buildEncoder(profile + P_OF_ENCODER, OF_CODES, accuracyLog);
  at = readDistribution(at, end, ML_CODES, 8);
  setCosts(profile + P_ML_COSTS, 48, accuracyLog);
  store<u32>(profile + P_ML_LOG, accuracyLog);
  buildCells(profile + P_ML_CELLS, ML_CODE, ML_CODES, accuracyLog);
  buildEncoder(profile + P_ML_ENCODER, ML_CODES, accuracyLog);
  at = readDistribution(at, end, LL_CODES, 8);
  setCosts(profile + P_LL_COSTS, 32, accuracyLog);
  store<u32>(profile + P_LL_LOG, accuracyLog);
  buildCells(profile + P_LL_CELLS, LL_CODE, LL_CODES, accuracyLog);
  buildEncoder(profile + P_LL_ENCODER, LL_CODES, accuracyLog);
}

for (let index: u32 = 0; index < PROFILE_COUNT; index++) prepare(index);
