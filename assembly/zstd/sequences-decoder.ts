// The sequences section of a block (RFC 8878, section 3.1.1.3.2): reading its tables, decoding the
// sequences and carrying each out at once.

import { OUT, PAGE_BYTES, SHUFFLE, copyLiterals } from '../memory';
import { LL_CODES, ML_CODES, OF_CODES } from './codes';
import { accuracyLog, readDistribution } from './fse';
import { streamTop } from './huffman-decoder';
import {
  LL_CELLS,
  LL_CODE,
  LL_PREDEFINED,
  ML_CELLS,
  ML_CODE,
  ML_PREDEFINED,
  OF_CELLS,
  OF_CODE,
  OF_PREDEFINED,
} from './layout';
import { literalsAt, literalsCount } from './literals-decoder';
import {
  LL_PREDEFINED_LOG,
  ML_PREDEFINED_LOG,
  OF_PREDEFINED_LOG,
  buildCells,
  buildSingleCell,
} from './sequence-cells';

// The tables in use, which later blocks of a page may use again: cells, and their log.
let llCells: usize = 0;
let mlCells: usize = 0;
let ofCells: usize = 0;
let llLog: u32 = 0;
let mlLog: u32 = 0;
let ofLog: u32 = 0;
// The last three distances, the latest first, and a place for the next one.
let repeats: v128 = i32x4(1, 4, 8, 0);

// What becomes of the history when the distance is its first, its second, its third, or new.
const HISTORY_MOVES: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11, 12,
  13, 14, 15, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15, 0, 1, 2, 3, 4,
  5, 6, 7, 8, 9, 10, 11,
]);

/** Starts a page with tables that are known, or with 0; the logs do not matter then. */
export function useTables(
  ll: usize,
  llAccuracy: u32,
  ml: usize,
  mlAccuracy: u32,
  of_: usize,
  ofAccuracy: u32,
): void {
  llCells = ll;
  llLog = llAccuracy;
  mlCells = ml;
  mlLog = mlAccuracy;
  ofCells = of_;
  ofLog = ofAccuracy;
  repeats = i32x4(1, 4, 8, 0);
}

/** What `readTable` found besides the place after it. */
let tableCells: usize = 0;
let tableLog: u32 = 0;

/** Reads one table in `mode`. Returns the place after it, or 0 if it is malformed. */
function readTable(
  at: usize,
  end: usize,
  mode: u32,
  cells: usize,
  codes: usize,
  symbols: u32,
  logMax: u32,
): usize {
  tableCells = cells;
  if (mode === 1) {
    if (at >= end) return 0;
    const code = <u32>load<u8>(at);
    if (code >= symbols) return 0;
    buildSingleCell(cells, codes + (code << 4));
    tableLog = 0;
    return at + 1;
  }
  at = readDistribution(at, end, symbols, logMax);
  if (at === 0 || at > end) return 0;
  tableLog = accuracyLog;
  buildCells(cells, codes, symbols, tableLog);
  return at;
}

/** Reads the three tables behind the `modes` byte. Returns the place after them, or 0. */
function readTables(at: usize, end: usize, modes: u32): usize {
  const llMode = modes >> 6;
  if (llMode === 0) {
    llCells = LL_PREDEFINED;
    llLog = LL_PREDEFINED_LOG;
  } else if (llMode < 3) {
    at = readTable(at, end, llMode, LL_CELLS, LL_CODE, LL_CODES, 9);
    if (at === 0) return 0;
    llCells = tableCells;
    llLog = tableLog;
  }
  const ofMode = (modes >> 4) & 3;
  if (ofMode === 0) {
    ofCells = OF_PREDEFINED;
    ofLog = OF_PREDEFINED_LOG;
  } else if (ofMode < 3) {
    at = readTable(at, end, ofMode, OF_CELLS, OF_CODE, OF_CODES, 8);
    if (at === 0) return 0;
    ofCells = tableCells;
    ofLog = tableLog;
  }
  const mlMode = (modes >> 2) & 3;
  if (mlMode === 0) {
    mlCells = ML_PREDEFINED;
    mlLog = ML_PREDEFINED_LOG;
  } else if (mlMode < 3) {
    at = readTable(at, end, mlMode, ML_CELLS, ML_CODE, ML_CODES, 9);
    if (at === 0) return 0;
    mlCells = tableCells;
    mlLog = tableLog;
  }
  return llCells === 0 || ofCells === 0 || mlCells === 0 ? 0 : at;
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

/** The `count` bits, at most 16, below bit position `top`. */
@inline
function takeBits(top: usize, count: u32): usize {
  const at = top - count;
  return (load<u32>(at >> 3) >> (at & 7)) & ((1 << count) - 1);
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

// The most bits that may be used before a sequence's cells, at most 9, 9 and 8 bits, are taken.
const BITS_LEFT_FOR_CELLS: usize = 64 - 26 - 7;

function decodeSequences(start: usize, end: usize, count: u32, op: usize): usize {
  let top = streamTop(start, end);
  if (top === 0) return 0;
  let llCell = llCells + (takeBits(top, llLog) << 4);
  top -= llLog;
  let ofCell = ofCells + (takeBits(top, ofLog) << 4);
  top -= ofLog;
  let mlCell = mlCells + (takeBits(top, mlLog) << 4);
  top -= mlLog;
  const outEnd = OUT + PAGE_BYTES;
  let literals = literalsAt;
  const literalsEnd = literals + literalsCount;
  let history = repeats;
  let distance = <u32>i32x4.extract_lane(history, 0);
  while (true) {
    // Sums of bits first, each from loads that wait for nothing but the cells.
    const ofUsed = <usize>load<u16>(ofCell, 6);
    const lengthUsed = ofUsed + load<u16>(mlCell, 6);
    const extraUsed = lengthUsed + load<u16>(llCell, 6);
    const bitsEnd = (top + 7) >> 3;
    const before = (0 - top) & 7;
    let bits = load<u64>(bitsEnd - 8);
    const value =
      load<u32>(ofCell, 12) +
      (<u32>rotl<u64>(bits, <u64>(before + ofUsed)) & load<u16>(ofCell, 8));
    let length = load<u32>(mlCell, 12);
    let run = load<u32>(llCell, 12);
    if (extraUsed !== ofUsed) {
      length += <u32>rotl<u64>(bits, <u64>(before + lengthUsed)) & load<u16>(mlCell, 8);
      run += <u32>rotl<u64>(bits, <u64>(before + extraUsed)) & load<u16>(llCell, 8);
    }

    if (--count !== 0) {
      // Four more, because a cell's number comes multiplied by 16.
      const llUsed = extraUsed + 4 + load<u16>(llCell, 10);
      const mlUsed = llUsed + load<u16>(mlCell, 10);
      const allUsed = mlUsed + load<u16>(ofCell, 10);
      let shift = before;
      if (extraUsed > BITS_LEFT_FOR_CELLS) {
        const rest = top - extraUsed;
        bits = load<u64>(((rest + 7) >> 3) - 8);
        shift = ((0 - rest) & 7) - extraUsed;
      }
      top -= allUsed - 4;
      llCell =
        load<u32>(llCell) +
        (<u32>rotl<u64>(bits, <u64>(shift + llUsed)) & load<u16>(llCell, 4));
      mlCell =
        load<u32>(mlCell) +
        (<u32>rotl<u64>(bits, <u64>(shift + mlUsed)) & load<u16>(mlCell, 4));
      ofCell =
        load<u32>(ofCell) +
        (<u32>rotl<u64>(bits, <u64>(shift + allUsed)) & load<u16>(ofCell, 4));
    } else {
      top -= extraUsed;
    }

    // The place in the history, 3 for what is new to it, without a branch: none could be foretold.
    const isNew = <usize>(<i32>(3 - value) >> 31);
    const place = (3 & isNew) | ((value - <u32>(run !== 0)) & ~isNew);
    const fresh = ((value - 3) & isNew) | ((distance - 1) & ~isNew);
    history = i8x16.swizzle(
      i32x4.replace_lane(history, 3, fresh),
      v128.load(HISTORY_MOVES + (<usize>place << 4)),
    );
    distance = <u32>i32x4.extract_lane(history, 0);

    // Whether there were so many literals shows at the end.
    if (run + length > outEnd - op) return 0;
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
