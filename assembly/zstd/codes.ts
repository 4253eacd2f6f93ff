// The three alphabets of sequences (RFC 8878, section 3.1.1.3.2.1): what each code stands for. A
// code's record is the constant part of a decoding cell, laid out as `sequence-cells.ts` says.

import { LL_CODE, LL_CODE_OF, ML_CODE, ML_CODE_OF, OF_CODE } from './layout';

export const LL_CODES: u32 = 36;
export const ML_CODES: u32 = 53;
export const OF_CODES: u32 = 32;

const LL_BITS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12,
  13, 14, 15, 16,
]);
const ML_BITS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);

function describe(record: usize, bits: u32, base: u32): void {
  store<u64>(record, <u64>bits << 48);
  store<u16>(record, <u16>((<u32>1 << bits) - 1), 8);
  store<u16>(record, 0, 10);
  store<u32>(record, base, 12);
}

/** Describes codes that follow one another without a gap; `codeOf` tells the code of a length. */
function describeLengths(records: usize, codeOf: usize, bits: usize, codes: u32, base: u32): void {
  let value: u32 = base;
  for (let code: u32 = 0; code < codes; code++) {
    const extra = <u32>load<u8>(bits + code);
    describe(records + (code << 4), extra, value);
    for (let next: u32 = value + (1 << extra); value < next; value++) {
      if (value - base < 4096) store<u8>(codeOf + value - base, <u8>code);
    }
  }
}

describeLengths(LL_CODE, LL_CODE_OF, LL_BITS, LL_CODES, 0);
describeLengths(ML_CODE, ML_CODE_OF, ML_BITS, ML_CODES, 3);
for (let code: u32 = 0; code < OF_CODES; code++) describe(OF_CODE + (code << 4), code, 1 << code);
