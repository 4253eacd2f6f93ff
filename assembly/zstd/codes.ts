// The three alphabets of sequences (RFC 8878, section 3.1.1.3.2.1): what each code stands for. A
// code's record is the constant part of a decoding cell, laid out as `sequence-cells.ts` says.

import { LL_CODE, ML_CODE, OF_CODE } from './layout';

export const LL_CODES: u32 = 36;
export const ML_CODES: u32 = 53;
export const OF_CODES: u32 = 32;

export const LL_BITS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12,
  13, 14, 15, 16,
]);
export const ML_BITS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);

function describe(record: usize, bits: u32, base: u32): void {
  store<u64>(record, <u64>bits << 48);
  store<u16>(record, <u16>((<u32>1 << bits) - 1), 8);
  store<u16>(record, <u16>bits, 10);
  store<u32>(record, base, 12);
}

let base: u32 = 0;
for (let code: u32 = 0; code < LL_CODES; code++) {
  const bits = <u32>load<u8>(LL_BITS + code);
  describe(LL_CODE + (code << 4), bits, base);
  base += 1 << bits;
}
base = 3;
for (let code: u32 = 0; code < ML_CODES; code++) {
  const bits = <u32>load<u8>(ML_BITS + code);
  describe(ML_CODE + (code << 4), bits, base);
  base += 1 << bits;
}
for (let code: u32 = 0; code < OF_CODES; code++) describe(OF_CODE + (code << 4), code, 1 << code);
