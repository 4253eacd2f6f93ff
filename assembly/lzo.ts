// LZO1X, bitstream versions 0 (`lzo`) and 1 (`lzo-rle`, with runs of zeros), one page in and out of
// fixed places. Written from Linux's Documentation/staging/lzo.rst; the instruction names here are
// of this file. In a page no distance reaches 16 KiB, so the far-copy instruction is only ever the
// end of the stream or, in version 1, a run of zeros.

import {
  OUT,
  PAGE,
  PAGE_BYTES,
  WINDOW,
  candidateAt,
  copyLiterals,
  copyMatch,
  matchEnd,
  nextBias,
  periodOf,
  remember,
  slotOf,
} from './memory';

export { OUT, PAGE, WINDOW };

const PAGE_END: usize = PAGE + PAGE_BYTES;
const MATCH_MIN: usize = 4;
// The last place where eight bytes of the page can be read.
const SEARCH_END: usize = PAGE_END - 8;
// Positions are tried ever further apart after 64 vain ones.
const SKIP_BITS: u32 = 6;

// Short copy: 3..8 bytes within 2 KiB.
const SHORT_DISTANCE_MAX: usize = 2048;
const SHORT_LENGTH_MAX: usize = 8;
// Near copy, `001LLLLL`: within 16 KiB, up to 33 bytes without an extension.
const NEAR: usize = 0x20;
const NEAR_LENGTH_MAX: usize = 33;
// Run of zeros, `00011LLL` with all distance bits set: 4..2051 bytes.
const RUN: usize = 0x18;
const RUN_MIN: usize = 4;
const RUN_MAX: usize = 2051;
// The encoder takes runs of this many zeros and more; shorter ones are cheaper as copies.
const RUN_WORTH: usize = 32;
// A stream of at least five bytes that begins with 17 has its version in the second byte.
const VERSIONED: usize = 17;
const VERSIONED_BYTES_MIN: i32 = 5;
const FIRST_LITERALS: usize = 17;
const FIRST_LITERALS_MAX: usize = 238;
// 0x11, then distance 0: the end of the stream.
const END_BYTES: usize = 3;
const END: usize = 0x11;

/** Writes what is left of a length beyond its field: zeros of 255 each, then 1..255. */
@inline
function putLength(op: usize, rest: usize): usize {
  while (rest > 255) {
    store<u8>(op++, 0);
    rest -= 255;
  }
  store<u8>(op, <u8>rest);
  return op + 1;
}

/**
 * Writes the literals `[anchor, ip)`, none to all; `start` is the front of the instructions. Up to
 * three go into the two low bits left free for them `back` bytes before the end of the last
 * instruction.
 */
@inline
function putLiterals(op: usize, start: usize, back: usize, anchor: usize, ip: usize): usize {
  const count = ip - anchor;
  if (count <= 3 && op !== start) {
    store<u8>(op - back, load<u8>(op - back) | <u8>count);
    store<u32>(op, load<u32>(anchor));
    return op + count;
  }
  if (count <= 18 && op !== start) {
    store<u8>(op, <u8>(count - 3));
    v128.store(op + 1, v128.load(anchor));
    store<u16>(op + 17, load<u16>(anchor + 16));
    return op + 1 + count;
  }
  if (op === start && count <= FIRST_LITERALS_MAX) {
    store<u8>(op++, <u8>(FIRST_LITERALS + count));
  } else {
    store<u8>(op, 0);
    op = putLength(op + 1, count - 18);
  }
  copyLiterals(op, anchor, count);
  return op + count;
}

/** Writes a copy of `length` bytes (4 or more) from `distance` back. */
@inline
function putCopy(op: usize, distance: usize, length: usize): usize {
  const field = distance - 1;
  if (length <= SHORT_LENGTH_MAX && distance <= SHORT_DISTANCE_MAX) {
    store<u16>(op, <u16>(((length - 1) << 5) | ((field & 7) << 2) | ((field >> 3) << 8)));
    return op + 2;
  }
  if (length <= NEAR_LENGTH_MAX) {
    store<u8>(op++, <u8>(NEAR | (length - 2)));
  } else {
    store<u8>(op, <u8>NEAR);
    op = putLength(op + 1, length - NEAR_LENGTH_MAX);
  }
  store<u16>(op, <u16>(field << 2));
  return op + 2;
}

/** Writes `length` zeros as runs, but a rest too short for one. Returns the place after them. */
@inline
function putRuns(op: usize, length: usize): usize {
  while (length >= RUN_MIN) {
    const run = length < RUN_MAX ? length : RUN_MAX;
    const field = run - RUN_MIN;
    store<u32>(op, <u32>(RUN | (field & 7) | 0xfffc00 | ((field >> 3) << 24)));
    op += 4;
    length -= run;
  }
  return op;
}

/** The first address from `at` on that is not zero; `end` at most. */
@inline
function zerosEnd(at: usize, end: usize): usize {
  while (at < end) {
    const eight = load<u64>(at);
    if (eight !== 0) {
      at += <usize>(ctz(eight) >> 3);
      break;
    }
    at += 8;
  }
  return at < end ? at : end;
}

/** Writes the last literals and the end. Returns the whole length, or 0 if not below a page's. */
function finish(op: usize, start: usize, back: usize, anchor: usize): i32 {
  if (anchor < PAGE_END) op = putLiterals(op, start, back, anchor, PAGE_END);
  store<u32>(op, <u32>END);
  const length = op + END_BYTES - WINDOW;
  return length < PAGE_BYTES ? <i32>length : 0;
}

/**
 * Compresses PAGE into WINDOW from `start` on. Returns the length, or 0 if not below a page's.
 *
 * No bound is checked on the way: only 19 literals or more before a copy can write more than they
 * cover, and then one byte more, so 4096 / 23 bytes above a page's length hold the worst.
 */
@inline
function compressFrom(start: usize, withRuns: bool): i32 {
  const origin = PAGE - nextBias();
  let op = start;
  let back: usize = 2;
  let anchor = PAGE;
  let ip = PAGE + 1;
  let slot: usize;
  let from: usize;
  remember(slotOf(load<u64>(PAGE)), origin, PAGE);
  while (true) {
    let eight = load<u64>(ip);
    let nextSlot = slotOf(eight);
    let next = ip;
    let tries: u32 = 1 << SKIP_BITS;
    let run: usize = 0;
    do {
      slot = nextSlot;
      ip = next;
      if (withRuns && eight === 0) {
        run = zerosEnd(ip + 8, PAGE_END) - ip;
        if (run >= RUN_WORTH) break;
        run = 0;
      }
      next += tries >> SKIP_BITS;
      tries++;
      if (next > SEARCH_END) return finish(op, start, back, anchor);
      eight = load<u64>(next);
      nextSlot = slotOf(eight);
      from = candidateAt(slot, origin);
      remember(slot, origin, ip);
    } while (load<u32>(from) !== load<u32>(ip));
    if (withRuns && run !== 0) {
      const low = op === start ? anchor + 1 : anchor;
      while (ip > low && load<u8>(ip - 1) === 0) {
        ip--;
        run++;
      }
      op = putLiterals(op, start, back, anchor, ip);
      const rest = run % RUN_MAX;
      if (rest < RUN_MIN) run -= rest;
      op = putRuns(op, run);
      back = 3;
      ip += run;
      anchor = ip;
      if (ip > SEARCH_END) return finish(op, start, back, anchor);
      continue;
    }
    // As in lz4.ts, a match is not followed backwards.
    op = putLiterals(op, start, back, anchor, ip);
    back = 2;
    while (true) {
      anchor = matchEnd(ip + MATCH_MIN, from + MATCH_MIN, PAGE_END);
      op = putCopy(op, ip - from, anchor - ip);
      ip = anchor;
      if (ip > SEARCH_END) return finish(op, start, back, anchor);
      remember(slotOf(load<u64>(ip - 2)), origin, ip - 2);
      eight = load<u64>(ip);
      if (withRuns && eight === 0) break;
      // A match often follows a match at once.
      slot = slotOf(eight);
      from = candidateAt(slot, origin);
      remember(slot, origin, ip);
      if (load<u32>(from) !== <u32>eight) {
        ip++;
        break;
      }
    }
  }
}

/** Compresses as bitstream version 0. */
export function compress(): i32 {
  return compressFrom(WINDOW, false);
}

/** Compresses as bitstream version 1: version bytes in front, runs of zeros. */
export function compressRle(): i32 {
  store<u16>(WINDOW, <u16>(VERSIONED | (1 << 8)));
  return compressFrom(WINDOW + 2, true);
}

// Place after a length extension; the length itself is left here. Extensions are rare.
let extended: usize = 0;

/** Reads a length extension, adding to `base`. Returns the place after it, 0 if it is cut off. */
function takeLength(ip: usize, inEnd: usize, base: usize): usize {
  while (true) {
    if (ip >= inEnd) return 0;
    const byte = <usize>load<u8>(ip++);
    if (byte !== 0) {
      extended = base + byte;
      return ip;
    }
    base += 255;
  }
}

/**
 * Decompresses `length` bytes of WINDOW, of either version, into OUT. Returns 1, or 0 if that is
 * not one whole page.
 */
export function decompress(length: i32): i32 {
  // Every instruction has the end behind it or is the end: three bytes can be read without a check.
  const inLast = WINDOW + <usize>length - END_BYTES;
  const outEnd = OUT + PAGE_BYTES;
  let ip = WINDOW;
  let op = OUT;
  let withRuns = false;
  // Literals before this instruction: 0..3, or 4 for four and more.
  let state: usize = 0;
  if (length < <i32>END_BYTES) return 0;
  if (length >= VERSIONED_BYTES_MIN && <usize>load<u8>(ip) === VERSIONED) {
    const version = load<u8>(ip + 1);
    if (version > 1) return 0;
    withRuns = version === 1;
    ip += 2;
  }
  let code = <usize>load<u8>(ip);
  if (code > FIRST_LITERALS) {
    const count = code - FIRST_LITERALS;
    ip++;
    if (ip + count > inLast) return 0;
    copyLiterals(op, ip, count);
    ip += count;
    op += count;
    state = count < 4 ? count : 4;
  }
  while (ip <= inLast) {
    code = <usize>load<u8>(ip);
    let distance: usize;
    let count: usize;
    if (code >= 64) {
      distance = (<usize>load<u8>(ip, 1) << 3) + ((code >> 2) & 7) + 1;
      count = (code >> 5) + 1;
      state = code & 3;
      ip += 2;
      if (distance > op - OUT || op + count > outEnd) return 0;
      if (distance >= SHORT_LENGTH_MAX) {
        store<u64>(op, load<u64>(op - distance));
      } else {
        v128.store(op, periodOf(op, distance));
      }
      op += count;
      store<u32>(op, load<u32>(ip));
      op += state;
      ip += state;
      continue;
    }
    if (code >= 32) {
      count = (code & 31) + 2;
      ip++;
      if (count === 2) {
        ip = takeLength(ip, inLast, 33);
        if (ip === 0) return 0;
        count = extended;
      }
      const operand = <usize>load<u16>(ip);
      ip += 2;
      distance = (operand >> 2) + 1;
      state = operand & 3;
    } else if (code >= 16) {
      const operand = <usize>load<u16>(ip, 1);
      if (code === END && operand === 0) return <i32>(ip === inLast && op === outEnd);
      if (!withRuns || (code & 0xf8) !== RUN || operand < 0xfffc) return 0;
      count = (<usize>load<u8>(ip, 3) << 3) + (code & 7) + RUN_MIN;
      if (op + count > outEnd) return 0;
      memory.fill(op, 0, count);
      op += count;
      state = operand & 3;
      ip += 4;
      store<u32>(op, load<u32>(ip));
      op += state;
      ip += state;
      continue;
    } else if (state === 0) {
      count = code + 3;
      ip++;
      if (code === 0) {
        ip = takeLength(ip, inLast, 18);
        if (ip === 0) return 0;
        count = extended;
        if (count > inLast - ip) return 0;
      }
      if (op + count > outEnd) return 0;
      copyLiterals(op, ip, count);
      op += count;
      ip += count;
      state = 4;
      continue;
    } else {
      // A copy of 2 bytes after 1..3 literals, of 3 bytes from further back after more.
      distance = (<usize>load<u8>(ip, 1) << 2) + (code >> 2) + 1;
      count = 2;
      if (state === 4) {
        distance += 2048;
        count = 3;
      }
      state = code & 3;
      ip += 2;
    }
    if (distance > op - OUT || op + count > outEnd) return 0;
    copyMatch(op, distance, count);
    op += count;
    store<u32>(op, load<u32>(ip));
    op += state;
    ip += state;
  }
  return 0;
}
