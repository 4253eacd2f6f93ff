// LZ4 block format, one page in and out of fixed places. Written from the format description
// (lz4_Block_format.md): sequences of token, literals, 16-bit distance; a block ends in literals.

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
  remember,
  slotOf,
} from './memory';

export { OUT, PAGE, WINDOW };

const MATCH_MIN: usize = 4;
// The format's end of block: the last 5 bytes are literals, the last match begins 12 bytes or more
// before the end.
const MATCH_END: usize = PAGE + PAGE_BYTES - 5;
const SEARCH_END: usize = PAGE + PAGE_BYTES - 12;
// Positions are tried ever further apart after 64 vain ones.
const SKIP_BITS: u32 = 6;

/** Writes what is left of a length beyond its 15 in the token. Returns the place after it. */
@inline
function putLength(op: usize, rest: usize): usize {
  while (rest >= 255) {
    store<u8>(op++, 255);
    rest -= 255;
  }
  store<u8>(op, <u8>rest);
  return op + 1;
}

/** Writes token and literals `[anchor, ip)`. Returns the place after them. */
@inline
function putLiterals(op: usize, anchor: usize, ip: usize): usize {
  const count = ip - anchor;
  if (count < 15) {
    store<u8>(op, <u8>(count << 4));
    v128.store(op + 1, v128.load(anchor));
    return op + 1 + count;
  }
  store<u8>(op, 0xf0);
  op = putLength(op + 1, count - 15);
  copyLiterals(op, anchor, count);
  return op + count;
}

/** Writes the last literals. Returns the whole length, or 0 if that is not below a page's. */
function finish(op: usize, anchor: usize): i32 {
  op = putLiterals(op, anchor, PAGE + PAGE_BYTES);
  const length = op - WINDOW;
  return length < PAGE_BYTES ? <i32>length : 0;
}

/**
 * Compresses PAGE into WINDOW. Returns the length, or 0 if it is not below a page's.
 *
 * No bound is checked on the way: a sequence writes at most one byte more than it covers for each
 * 255 literals, so 32 bytes above a page's length hold the worst.
 */
export function compress(): i32 {
  const origin = PAGE - nextBias();
  let op = WINDOW;
  let anchor = PAGE;
  let ip = PAGE + 1;
  let slot: usize;
  let from: usize;
  remember(slotOf(load<u64>(PAGE)), origin, PAGE);
  while (true) {
    let nextSlot = slotOf(load<u64>(ip));
    let next = ip;
    let tries: u32 = 1 << SKIP_BITS;
    do {
      slot = nextSlot;
      ip = next;
      next += tries >> SKIP_BITS;
      tries++;
      if (next > SEARCH_END) return finish(op, anchor);
      nextSlot = slotOf(load<u64>(next));
      from = candidateAt(slot, origin);
      remember(slot, origin, ip);
    } while (load<u32>(from) !== load<u32>(ip));
    // A match is not followed backwards: nearly every position is looked up on the way here, so one
    // in thirty would begin earlier, and asking costs more than those are worth.
    let token = op;
    op = putLiterals(op, anchor, ip);
    while (true) {
      store<u16>(op, <u16>(ip - from));
      op += 2;
      anchor = matchEnd(ip + MATCH_MIN, from + MATCH_MIN, MATCH_END);
      const length = anchor - ip - MATCH_MIN;
      if (length < 15) {
        store<u8>(token, load<u8>(token) | <u8>length);
      } else {
        store<u8>(token, load<u8>(token) | 15);
        op = putLength(op, length - 15);
      }
      ip = anchor;
      if (ip > SEARCH_END) return finish(op, anchor);
      remember(slotOf(load<u64>(ip - 2)), origin, ip - 2);
      // A match often follows a match at once.
      slot = slotOf(load<u64>(ip));
      from = candidateAt(slot, origin);
      remember(slot, origin, ip);
      if (load<u32>(from) !== load<u32>(ip)) break;
      token = op;
      store<u8>(op++, 0);
    }
    ip++;
  }
}

/** Decompresses `length` bytes of WINDOW into OUT. Returns 1, or 0 if not one whole page. */
export function decompress(length: i32): i32 {
  const inEnd = WINDOW + <usize>length;
  const outEnd = OUT + PAGE_BYTES;
  let ip = WINDOW;
  let op = OUT;
  while (ip < inEnd) {
    const token = <usize>load<u8>(ip++);
    let count = token >> 4;
    if (count < 15) {
      v128.store(op, v128.load(ip));
    } else {
      let more: usize;
      do {
        if (ip >= inEnd) return 0;
        more = <usize>load<u8>(ip++);
        count += more;
      } while (more === 255);
      if (count > inEnd - ip || count > outEnd - op) return 0;
      copyLiterals(op, ip, count);
    }
    ip += count;
    op += count;
    if (ip >= inEnd) return <i32>(ip === inEnd && op === outEnd);

    const distance = <usize>load<u16>(ip);
    ip += 2;
    count = token & 15;
    if (count === 15) {
      let more: usize;
      do {
        if (ip >= inEnd) return 0;
        more = <usize>load<u8>(ip++);
        count += more;
      } while (more === 255);
    }
    count += MATCH_MIN;
    // Also refuses distance 0, and an output that short literals have run past the page.
    if (distance - 1 >= op - OUT || op + count > outEnd) return 0;
    if (count <= 18 && distance >= 8) {
      store<u64>(op, load<u64>(op - distance));
      store<u64>(op, load<u64>(op - distance, 8), 8);
      store<u16>(op, load<u16>(op - distance, 16), 16);
    } else {
      copyMatch(op, distance, count);
    }
    op += count;
  }
  return 0;
}
