// Where everything lies in a kernel's memory, and the copies all kernels are made of.
//
// One 64 KiB wasm page holds all of it, but for the tables of zstd, which lie behind it. Loads and stores are wide and run past the end of what they
// are asked for, never by more than a region's slop. Nothing read beyond a region's content has an
// influence on any result.
//
//   0        TABLE    match table: 2^13 positions of 16 bits
//   0x8000   SHUFFLE  swizzle patterns of the short periods, 16 bytes for each distance 0..16
//   0x9000   PAGE     4096 bytes to compress; 64 of slop, only read
//   0xb000   WINDOW   compressed bytes; 4096 + 512, slop included
//   0xd000   OUT      4096 decompressed bytes; 64 of slop

export const PAGE_BYTES: usize = 4096;
export const TABLE: usize = 0;
// A larger table finds hardly more, and what it takes of the nearest cache is taken from the engine
// around the kernel, which runs once a page.
export const TABLE_BITS: u32 = 13;
export const TABLE_BYTES: usize = 2 << TABLE_BITS;
export const SHUFFLE: usize = 0x8000;
export const PAGE: usize = 0x9000;
export const WINDOW: usize = 0xb000;
export const OUT: usize = 0xd000;

// Table entries are positions biased by an epoch that grows by a page's length at every page, so an
// entry of an earlier page is below this page's bias and the table is cleared once in 15 pages.
const BIAS_MAX: u32 = 0xf000;
let bias: u32 = BIAS_MAX;

/** Starts a page and returns its bias: position p of this page is stored as bias + p. */
export function nextBias(): u32 {
  if (bias === BIAS_MAX) {
    memory.fill(TABLE, 0, TABLE_BYTES);
    bias = 0;
  }
  bias += <u32>PAGE_BYTES;
  return bias;
}

// Hash of five bytes: matches of only four, which hardly pay, are mostly passed over.
const HASH_PRIME: u64 = 889523592379;

/** Byte offset in the table of the five bytes at the front of `eight`. */
@inline
export function slotOf(eight: u64): usize {
  return <usize>(((eight << 24) * HASH_PRIME) >> (64 - TABLE_BITS)) << 1;
}

/**
 * The candidate in a slot, as an address. `origin` is PAGE minus the bias. An entry of an earlier
 * page becomes the front of this page: always readable, always behind the current position, and no
 * branch.
 */
@inline
export function candidateAt(slot: usize, origin: usize): usize {
  const address = <i32>(origin + <usize>load<u16>(slot, TABLE));
  return <usize>(address > <i32>PAGE ? address : <i32>PAGE);
}

@inline
export function remember(slot: usize, origin: usize, at: usize): void {
  store<u16>(slot, <u16>(at - origin), TABLE);
}

/** The first address from `at` on where the bytes differ from those at `from`; `end` at most. */
@inline
export function matchEnd(at: usize, from: usize, end: usize): usize {
  const distance = at - from;
  while (at < end) {
    const difference = load<u64>(at) ^ load<u64>(at - distance);
    if (difference !== 0) {
      at += <usize>(ctz(difference) >> 3);
      break;
    }
    at += 8;
  }
  return at < end ? at : end;
}

/** Copies `length` bytes between regions, in steps of 16: up to 15 bytes more are written. */
@inline
export function copyLiterals(to: usize, from: usize, length: usize): void {
  const end = to + length;
  do {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  } while (to < end);
}

// A period shorter than a vector is spread over one: lane i takes byte i mod distance.
for (let distance: usize = 1; distance < 16; distance++) {
  for (let lane: usize = 0; lane < 16; lane++) {
    store<u8>(SHUFFLE + distance * 16 + lane, <u8>(lane % distance));
  }
  // Row 0 has no pattern: its byte d says how many of the 16 are whole periods of d.
  store<u8>(SHUFFLE + distance, <u8>(16 - (16 % distance)));
}
// Row 16 leaves a vector as it is.
for (let lane: usize = 0; lane < 16; lane++) store<u8>(SHUFFLE + 256 + lane, <u8>lane);

/** What follows at `to` if the `distance` bytes (1..15) before it repeat. */
@inline
export function periodOf(to: usize, distance: usize): v128 {
  return i8x16.swizzle(v128.load(to - distance), v128.load(distance << 4, SHUFFLE));
}

/** Copies a match of `length` bytes from `distance` back, overlap meaning repetition. */
@inline
export function copyMatch(to: usize, distance: usize, length: usize): void {
  const end = to + length;
  let from = to - distance;
  if (distance >= 16) {
    do {
      v128.store(to, v128.load(from));
      to += 16;
      from += 16;
    } while (to < end);
  } else {
    const period = periodOf(to, distance);
    const step = <usize>load<u8>(distance, SHUFFLE);
    do {
      v128.store(to, period);
      to += step;
    } while (to < end);
  }
}
