// What it would cost to write symbols, in 1/128 of a bit, before anything is written.

import { LOG2 } from '../layout';

export const BIT: u32 = 128;
const BIT_LOG: u32 = 7;

/** log2(value) in units of 1/128, rounded down. */
function logarithm(value: u32): u32 {
  const top = 31 - clz(value);
  let mantissa: u64 = (<u64>value << 31) >> top;
  let result = top;
  for (let bit: u32 = 0; bit < BIT_LOG; bit++) {
    mantissa = (mantissa * mantissa) >> 31;
    const carry = <u32>(mantissa >> 32);
    mantissa >>= <u64>carry;
    result = (result << 1) | carry;
  }
  return result;
}

store<u16>(LOG2, 0);
for (let value: usize = 1; value <= 4096; value++) {
  store<u16>(LOG2 + (value << 1), <u16>logarithm(<u32>value));
}

@inline
export function log2(value: u32): u32 {
  return load<u16>(LOG2 + (<usize>value << 1));
}

/** The cost of `total` symbols with these counts under a distribution made for them. */
export function entropy(counts: usize, end: usize, total: u32): u32 {
  let saved: u32 = 0;
  for (; counts < end; counts += 4) {
    const one = <u32>load<u16>(counts);
    const two = <u32>load<u16>(counts, 2);
    saved += one * log2(one) + two * log2(two);
  }
  return total * log2(total) - saved;
}

/** The sum of counts times costs, both 16 bits, over `bytes`, a multiple of 16. */
@inline
export function dot(counts: usize, costs: usize, bytes: usize): u32 {
  let sums = i64x2.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load(counts + at), v128.load(costs + at)));
  }
  return (
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3)
  );
}
