// The sequences section of a block (RFC 8878, section 3.1.1.3.2): decoding the sequences and
// carrying each out at once. Branches that data decides cost more than all else here, hence the
// arithmetic.

import { OUT, PAGE_BYTES, SHUFFLE, copyLiterals } from '../memory';
import { streamTop, takeBits } from './bits';
import { literalsAt, literalsCount } from './literals-decoder';
import { llCells, llLog, mlCells, mlLog, ofCells, ofLog, readTables } from './sequence-tables';

// The last three distances, the latest first, and a place for the next one.
let repeats: v128 = i32x4(1, 4, 8, 0);

// What becomes of the history when the distance is its first, its second, its third, or new.
const HISTORY_MOVES: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11, 12,
  13, 14, 15, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15, 0, 1, 2, 3, 4,
  5, 6, 7, 8, 9, 10, 11,
]);

/** Starts a page with the history that a frame begins with. */
@inline
export function resetHistory(): void {
  repeats = i32x4(1, 4, 8, 0);
}

/**
 * Carries out the section at `[at, end)`, which ends the block, on the literals read before.
 * Returns the end of the output, or 0 if the section is malformed.
 */
export function runSequences(at: usize, end: usize, op: usize): usize {
  if (at >= end) return 0;
  let count = <u32>load<u8>(at++);
  if (count >= 128) {
    if (count < 255) {
      count = ((count - 128) << 8) + <u32>load<u8>(at++);
    } else {
      count = <u32>load<u16>(at) + 0x7f00;
      at += 2;
    }
  }
  if (count === 0) return at === end ? putRest(op, literalsAt, literalsCount) : 0;
  if (at >= end) return 0;
  const modes = <u32>load<u8>(at++);
  if ((modes & 3) !== 0) return 0;
  at = readTables(at, end, modes);
  return at === 0 || at >= end ? 0 : decodeSequences(at, end, count, op);
}

/** Copies the literals after the last sequence. */
@inline
function putRest(op: usize, literals: usize, count: usize): usize {
  if (count > OUT + PAGE_BYTES - op) return 0;
  memory.copy(op, literals, count);
  return op + count;
}

/** Copies a match of `length` bytes from `distance` back; none of up to 16 bytes takes a branch. */
@inline
function putMatch(op: usize, distance: usize, length: usize): void {
  const isShort = <usize>(<i32>(distance - 16) >> 31);
  const row = (distance & isShort) | (16 & ~isShort);
  const first = i8x16.swizzle(v128.load(op - distance), v128.load(row << 4, SHUFFLE));
  v128.store(op, first);
  if (length > 16) {
    const end = op + length;
    if (isShort !== 0) {
      const step = <usize>load<u8>(distance, SHUFFLE);
      op += step;
      do {
        v128.store(op, first);
        op += step;
      } while (op < end);
    } else {
      let from = op - distance;
      do {
        op += 16;
        from += 16;
        v128.store(op, v128.load(from));
      } while (op + 16 < end);
    }
  }
}

/**
 * The history after an offset `value`, the distance it stands for in front. A distance from the
 * history is at another place of it where no literals precede. No branch: none could be foretold.
 */
@inline
function turnHistory(history: v128, value: u32, run: u32): v128 {
  const isNew = <u32>(<i32>(3 - value) >> 31);
  const place = (3 & isNew) | ((value - <u32>(run !== 0)) & ~isNew);
  const latest = i32x4.extract_lane(history, 0);
  const fresh = (<i32>(value - 3) & isNew) | ((latest - 1) & ~isNew);
  return i8x16.swizzle(
    i32x4.replace_lane(history, 3, fresh),
    v128.load(HISTORY_MOVES + (<usize>place << 4)),
  );
}

/** The value that a cell and its extra bits give, the last of which is bit `used` of `bits`. */
@inline
function valueOf(cell: usize, bits: u64, used: u32): u32 {
  return load<u32>(cell, 12) + (<u32>rotl<u64>(bits, <u64>used) & load<u16>(cell, 8));
}

/** The cell after a cell, the last bit of its number being bit `used` of `bits`. */
@inline
function nextCell(cell: usize, bits: u64, used: u32): usize {
  // Four more, because a number comes multiplied by 16.
  return load<u32>(cell) + (<u32>rotl<u64>(bits, <u64>(used + 4)) & load<u16>(cell, 4));
}

/** The eight bytes that end with the byte that holds the bit below position `top`. */
@inline
function bytesBelow(top: usize): u64 {
  return load<u64>(((top + 7) >> 3) - 8);
}

/** How many bits of those bytes are above the position. */
@inline
function bitsAbove(top: usize): u32 {
  return (0 - <u32>top) & 7;
}

// The most bits of extra that leave the bits of three cells, at most 9, 9 and 8, in the same bytes.
const EXTRA_MAX: u32 = 64 - 7 - 26;

function decodeSequences(start: usize, end: usize, count: u32, op: usize): usize {
  let top = streamTop(start, end);
  if (top === 0) return 0;
  let llCell = llCells + <usize>(takeBits(top, llLog) << 4);
  top -= llLog;
  let ofCell = ofCells + <usize>(takeBits(top, ofLog) << 4);
  top -= ofLog;
  let mlCell = mlCells + <usize>(takeBits(top, mlLog) << 4);
  top -= mlLog;
  const outEnd = OUT + PAGE_BYTES;
  let literals = literalsAt;
  const literalsEnd = literals + literalsCount;
  let history = repeats;
  while (true) {
    // Sums of bits from loads that wait for nothing but the cells.
    const ofExtra = <u32>load<u16>(ofCell, 6);
    const mlExtra = ofExtra + load<u16>(mlCell, 6);
    const extra = mlExtra + load<u16>(llCell, 6);
    let bits = bytesBelow(top);
    let used = bitsAbove(top);
    const value = valueOf(ofCell, bits, used + ofExtra);
    let length = load<u32>(mlCell, 12);
    let run = load<u32>(llCell, 12);
    if (extra !== ofExtra) {
      length = valueOf(mlCell, bits, used + mlExtra);
      run = valueOf(llCell, bits, used + extra);
    }
    if (--count !== 0) {
      const llUsed = extra + load<u16>(llCell, 10);
      const mlUsed = llUsed + load<u16>(mlCell, 10);
      const allUsed = mlUsed + load<u16>(ofCell, 10);
      if (extra > EXTRA_MAX) {
        bits = bytesBelow(top - extra);
        used = bitsAbove(top - extra) - extra;
      }
      top -= allUsed;
      llCell = nextCell(llCell, bits, used + llUsed);
      mlCell = nextCell(mlCell, bits, used + mlUsed);
      ofCell = nextCell(ofCell, bits, used + allUsed);
    } else {
      top -= extra;
    }

    history = turnHistory(history, value, run);
    const distance = <usize>i32x4.extract_lane(history, 0);
    // Whether there were so many literals shows at the end.
    if (<usize>run + length > outEnd - op) return 0;
    v128.store(op, v128.load(literals));
    if (run > 16) copyLiterals(op + 16, literals + 16, run - 16);
    op += run;
    literals += run;
    if (distance - 1 >= op - OUT) return 0;
    putMatch(op, distance, length);
    op += length;
    if (count === 0) break;
  }
  repeats = history;
  if (top !== start << 3 || literals > literalsEnd) return 0;
  return putRest(op, literals, literalsEnd - literals);
}
