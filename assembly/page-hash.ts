// XXH3 of one page: the 64-bit hash with the default secret and seed 0, of which the low half is
// returned. Written from its specification (xxhash_spec.md), for inputs of 4096 bytes only, which
// are four blocks of 16 stripes. The eight accumulators stay in four vectors from front to end.

const PAGE_BYTES: usize = 4096;
export const PAGE: usize = 0x1000;

const STRIPE_BYTES: usize = 64;
const PAGE_END: usize = PAGE + PAGE_BYTES;
const SECRET_BYTES: usize = 192;
// Each stripe of a block begins eight bytes further in the secret.
const SECRET_STEP: usize = 8;
// Where other steps begin in the secret: the scramble, the last stripe, the merge.
const SCRAMBLE_AT: usize = SECRET_BYTES - STRIPE_BYTES;
const LAST_AT: usize = SECRET_BYTES - STRIPE_BYTES - 7;
const MERGE_AT: usize = 11;

const PRIME32_1: u64 = 0x9e3779b1;
const PRIME32_2: u64 = 0x85ebca77;
const PRIME32_3: u64 = 0xc2b2ae3d;
const PRIME64_1: u64 = 0x9e3779b185ebca87;
const PRIME64_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME64_3: u64 = 0x165667b19e3779f9;
const PRIME64_4: u64 = 0x85ebca77c2b2ae63;
const PRIME64_5: u64 = 0x27d4eb2f165667c5;
const PRIME_MX1: u64 = 0x165667919e3779f9;

// The default secret of the specification.
const SECRET: usize = memory.data<u8>([
  0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
  0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
  0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
  0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
  0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
  0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
  0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
  0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
  0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
  0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
  0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
  0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
], 16);

/** Adds what was read to the other accumulator of each pair. */
@inline
function withSwapped(acc: v128, sum: v128): v128 {
  return i64x2.add(acc, v128.shuffle<u64>(sum, sum, 1, 0));
}

@inline
function scrambled(acc: v128, secret: usize): v128 {
  const mixed = v128.xor(v128.xor(acc, i64x2.shr_u(acc, 47)), v128.load(secret));
  return i64x2.mul(mixed, i64x2.splat(PRIME32_1));
}

/** The two halves of the product of 128 bits, one upon the other. */
@inline
function foldedProduct(a: u64, b: u64): u64 {
  const low = (a & 0xffffffff) * (b & 0xffffffff);
  const middle = (a >> 32) * (b & 0xffffffff);
  const other = (a & 0xffffffff) * (b >> 32) + (low >> 32) + (middle & 0xffffffff);
  const high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
  return high ^ ((other << 32) | (low & 0xffffffff));
}

@inline
function merged(acc: v128, secret: usize): u64 {
  return foldedProduct(
    <u64>i64x2.extract_lane(acc, 0) ^ load<u64>(secret),
    <u64>i64x2.extract_lane(acc, 1) ^ load<u64>(secret, 8),
  );
}

/** Hashes PAGE. Returns the low 32 bits of the 64. */
export function hash(): u32 {
  let acc0 = i64x2(PRIME32_3, PRIME64_1);
  let acc1 = i64x2(PRIME64_2, PRIME64_3);
  let acc2 = i64x2(PRIME64_4, PRIME32_2);
  let acc3 = i64x2(PRIME64_5, PRIME32_1);
  let sum0 = i64x2.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let input = PAGE;
  let secret = SECRET;
  while (true) {
    const data0 = v128.load(input);
    const data1 = v128.load(input, 16);
    const data2 = v128.load(input, 32);
    const data3 = v128.load(input, 48);
    const key0 = v128.xor(data0, v128.load(secret));
    const key1 = v128.xor(data1, v128.load(secret, 16));
    const key2 = v128.xor(data2, v128.load(secret, 32));
    const key3 = v128.xor(data3, v128.load(secret, 48));
    const low01 = v128.shuffle<u32>(key0, key1, 0, 2, 4, 6);
    const high01 = v128.shuffle<u32>(key0, key1, 1, 3, 5, 7);
    const low23 = v128.shuffle<u32>(key2, key3, 0, 2, 4, 6);
    const high23 = v128.shuffle<u32>(key2, key3, 1, 3, 5, 7);
    acc0 = i64x2.add(acc0, i64x2.extmul_low_i32x4_u(low01, high01));
    sum0 = i64x2.add(sum0, data0);
    acc1 = i64x2.add(acc1, i64x2.extmul_high_i32x4_u(low01, high01));
    sum1 = i64x2.add(sum1, data1);
    acc2 = i64x2.add(acc2, i64x2.extmul_low_i32x4_u(low23, high23));
    sum2 = i64x2.add(sum2, data2);
    acc3 = i64x2.add(acc3, i64x2.extmul_high_i32x4_u(low23, high23));
    sum3 = i64x2.add(sum3, data3);
    input += STRIPE_BYTES;
    secret += SECRET_STEP;
    if (secret === SECRET + SCRAMBLE_AT) {
      acc0 = withSwapped(acc0, sum0);
      acc1 = withSwapped(acc1, sum1);
      acc2 = withSwapped(acc2, sum2);
      acc3 = withSwapped(acc3, sum3);
      sum0 = sum1 = sum2 = sum3 = i64x2.splat(0);
      acc0 = scrambled(acc0, secret);
      acc1 = scrambled(acc1, secret + 16);
      acc2 = scrambled(acc2, secret + 32);
      acc3 = scrambled(acc3, secret + 48);
      secret = SECRET;
    } else if (input === PAGE_END - STRIPE_BYTES) {
      // Past the place of the scramble, which therefore does not follow it.
      secret = SECRET + LAST_AT;
    } else if (input === PAGE_END) {
      break;
    }
  }
  let hash: u64 = <u64>PAGE_BYTES * PRIME64_1;
  hash += merged(withSwapped(acc0, sum0), SECRET + MERGE_AT);
  hash += merged(withSwapped(acc1, sum1), SECRET + MERGE_AT + 16);
  hash += merged(withSwapped(acc2, sum2), SECRET + MERGE_AT + 32);
  hash += merged(withSwapped(acc3, sum3), SECRET + MERGE_AT + 48);
  hash = (hash ^ (hash >> 37)) * PRIME_MX1;
  return <u32>(hash ^ (hash >> 32));
}
