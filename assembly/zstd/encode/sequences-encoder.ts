// The sequences section of a block, the writing side (RFC 8878, section 3.1.1.3.2).

import { BIT, dot, entropy } from './costs';
import {
  buildEncoder,
  firstState,
  fittingLog,
  nextState,
  normalize,
  stateBits,
  STATES,
  topBit,
  writeDistribution,
} from './fse-encoder';
import {
  COUNTS_END,
  LL_CODE,
  LL_CODE_OF,
  LL_COUNTS,
  LL_ENCODER,
  ML_CODE,
  ML_CODE_OF,
  ML_COUNTS,
  ML_ENCODER,
  OF_COUNTS,
  OF_ENCODER,
  SEQUENCES,
  SEQUENCE_CODES,
} from '../layout';
import {
  P_LL_COSTS,
  P_LL_ENCODER,
  P_LL_LOG,
  P_ML_COSTS,
  P_ML_ENCODER,
  P_ML_LOG,
  P_OF_COSTS,
  P_OF_ENCODER,
  P_OF_LOG,
} from '../profiles';

const RLE: u32 = 1;
const OWN_TABLE: u32 = 2;
const PROFILE_TABLE: u32 = 3;

const LL_BYTES: usize = ML_COUNTS - LL_COUNTS;
const ML_BYTES: usize = OF_COUNTS - ML_COUNTS;
const OF_BYTES: usize = COUNTS_END - OF_COUNTS;

/** Finds the codes of `count` sequences and counts them. */
export function countCodes(count: u32): void {
  memory.fill(LL_COUNTS, 0, COUNTS_END - LL_COUNTS);
  let codes = SEQUENCE_CODES;
  const end = SEQUENCES + (<usize>count << 3);
  for (let at = SEQUENCES; at < end; at += 8) {
    const ll = <u32>load<u8>(LL_CODE_OF + load<u16>(at));
    const ml = <u32>load<u8>(ML_CODE_OF + load<u16>(at, 2));
    const of_ = topBit(load<u32>(at, 4));
    const llCounter = LL_COUNTS + (ll << 1);
    store<u16>(llCounter, load<u16>(llCounter) + 1);
    const mlCounter = ML_COUNTS + (ml << 1);
    store<u16>(mlCounter, load<u16>(mlCounter) + 1);
    const ofCounter = OF_COUNTS + (of_ << 1);
    store<u16>(ofCounter, load<u16>(ofCounter) + 1);
    store<u64>(codes, <u64>((ll << 3) | (ml << 19)) | (<u64>of_ << 35));
    codes += 8;
  }
}

/** What the counted codes cost with the tables of a profile. */
@inline
export function profileTablesCost(profile: usize): u32 {
  return dot(LL_COUNTS, profile + P_LL_COSTS, COUNTS_END - LL_COUNTS);
}

// What the counted codes of each kind cost with a table of their own, its description included.
let llOwnCost: u32 = 0;
let mlOwnCost: u32 = 0;
let ofOwnCost: u32 = 0;

/** Estimates what the counted codes would cost with tables of their own, and a margin for each. */
export function ownTablesCost(count: u32, margin: u32): u32 {
  llOwnCost = entropy(LL_COUNTS, ML_COUNTS, count) + 112 * BIT + margin;
  mlOwnCost = entropy(ML_COUNTS, OF_COUNTS, count) + 128 * BIT + margin;
  ofOwnCost = entropy(OF_COUNTS, COUNTS_END, count) + 64 * BIT + margin;
  return llOwnCost + mlOwnCost + ofOwnCost;
}

// The table chosen last: how the decoder comes by it, the encoding table, and its accuracy log.
let tableMode: u32 = 0;
let table: usize = 0;
let tableLog: u32 = 0;

/** Writes a table made for the counts of up to `symbols` codes. Returns the place after it. */
function writeTable(op: usize, counts: usize, symbols: u32, count: u32, logMax: u32): usize {
  let last = symbols - 1;
  while (load<u16>(counts + (last << 1)) === 0) last--;
  if (<u32>load<u16>(counts + (last << 1)) === count) {
    tableMode = RLE;
    tableLog = 0;
    store<u64>(table + (last << 3), <u64>(table + STATES) << 32);
    store<u16>(table, 0, STATES);
    store<u8>(op, <u8>last);
    return op + 1;
  }
  tableMode = OWN_TABLE;
  tableLog = fittingLog(count, last, logMax);
  normalize(counts, last + 1, count, tableLog);
  buildEncoder(table, last + 1, tableLog);
  return writeDistribution(op, tableLog);
}

/**
 * Writes the section for the counted sequences. Returns the place after it, or 0 if it gets beyond
 * `limit`.
 */
export function writeSequences(op: usize, limit: usize, count: u32, profile: usize): usize {
  if (count < 128) {
    store<u8>(op++, <u8>count);
    if (count === 0) return op;
  } else {
    store<u8>(op, <u8>((count >> 8) + 128));
    store<u8>(op, <u8>count, 1);
    op += 2;
  }
  const modesAt = op++;
  tableMode = PROFILE_TABLE;
  table = profile + P_LL_ENCODER;
  tableLog = load<u32>(profile + P_LL_LOG);
  if (dot(LL_COUNTS, profile + P_LL_COSTS, LL_BYTES) > llOwnCost) {
    table = LL_ENCODER;
    op = writeTable(op, LL_COUNTS, <u32>LL_BYTES >> 1, count, 8);
  }
  let modes = tableMode << 6;
  llTable = table;
  llLog = tableLog;
  tableMode = PROFILE_TABLE;
  table = profile + P_OF_ENCODER;
  tableLog = load<u32>(profile + P_OF_LOG);
  if (dot(OF_COUNTS, profile + P_OF_COSTS, OF_BYTES) > ofOwnCost) {
    table = OF_ENCODER;
    op = writeTable(op, OF_COUNTS, <u32>OF_BYTES >> 1, count, 7);
  }
  modes |= tableMode << 4;
  ofTable = table;
  ofLog = tableLog;
  tableMode = PROFILE_TABLE;
  table = profile + P_ML_ENCODER;
  tableLog = load<u32>(profile + P_ML_LOG);
  if (dot(ML_COUNTS, profile + P_ML_COSTS, ML_BYTES) > mlOwnCost) {
    table = ML_ENCODER;
    op = writeTable(op, ML_COUNTS, <u32>ML_BYTES >> 1, count, 8);
  }
  store<u8>(modesAt, <u8>(modes | (tableMode << 2)));
  mlTable = table;
  mlLog = tableLog;
  return encodeSequences(op, limit, count);
}

// The tables to encode with.
let llTable: usize = 0;
let ofTable: usize = 0;
let mlTable: usize = 0;
let llLog: u32 = 0;
let ofLog: u32 = 0;
let mlLog: u32 = 0;

@inline
function lowBits(value: u32, bits: u32): u64 {
  return <u64>(value & ((<u32>1 << bits) - 1));
}

/**
 * Writes the stream, the last sequence first. What a sequence adds is at most 8, 7 and 8 bits of
 * states and 33 extra ones, since its lengths make up a page at most: with the 7 that are left of
 * those before, 63.
 */
function encodeSequences(op: usize, limit: usize, count: u32): usize {
  const lls = llTable;
  const ofs = ofTable;
  const mls = mlTable;
  let at = SEQUENCES + (<usize>(count - 1) << 3);
  let codes = SEQUENCE_CODES + (<usize>(count - 1) << 3);
  let ll = firstState(lls + load<u16>(codes));
  let ml = firstState(mls + load<u16>(codes, 2));
  let of_ = firstState(ofs + load<u16>(codes, 4));
  let bits: u64 = 0;
  let held: u32 = 0;
  while (true) {
    const llCode = <usize>load<u16>(codes);
    const mlCode = <usize>load<u16>(codes, 2);
    if (llCode >= 16 << 3 || mlCode >= 32 << 3) {
      const llExtra = LL_CODE + (llCode << 1);
      bits |= <u64>(load<u16>(at) & load<u16>(llExtra, 8)) << held;
      held += load<u16>(llExtra, 6);
      const mlExtra = ML_CODE + (mlCode << 1);
      bits |= <u64>(load<u16>(at, 2) & load<u16>(mlExtra, 8)) << held;
      held += load<u16>(mlExtra, 6);
    }
    const ofBits = <u32>load<u16>(codes, 4) >> 3;
    bits |= lowBits(load<u32>(at, 4), ofBits) << held;
    held += ofBits;
    store<u64>(op, bits);
    op += held >> 3;
    bits >>= held & ~7;
    held &= 7;
    if (--count === 0 || op > limit) break;
    at -= 8;
    codes -= 8;
    let record = ofs + load<u16>(codes, 4);
    let written = stateBits(record, of_);
    bits |= lowBits(of_, written) << held;
    held += written;
    of_ = nextState(record, of_, written);
    record = mls + load<u16>(codes, 2);
    written = stateBits(record, ml);
    bits |= lowBits(ml, written) << held;
    held += written;
    ml = nextState(record, ml, written);
    record = lls + load<u16>(codes);
    written = stateBits(record, ll);
    bits |= lowBits(ll, written) << held;
    held += written;
    ll = nextState(record, ll, written);
  }
  bits |= lowBits(ml, mlLog) << held;
  held += mlLog;
  bits |= lowBits(of_, ofLog) << held;
  held += ofLog;
  bits |= lowBits(ll, llLog) << held;
  held += llLog;
  bits |= (<u64>1) << held;
  store<u64>(op, bits);
  op += (held + 8) >> 3;
  return op > limit ? 0 : op;
}
