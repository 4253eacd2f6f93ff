// The decoding tables of a page's sequences: where each comes from (RFC 8878, section 3.1.1.3.2.1),
// and those that are in use, which later blocks of a page may use again.

import { LL_CODES, ML_CODES, OF_CODES } from './codes';
import { accuracyLog, readDistribution } from './fse';
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
import {
  P_LL_CELLS,
  P_LL_LOG,
  P_ML_CELLS,
  P_ML_LOG,
  P_OF_CELLS,
  P_OF_LOG,
} from './profiles';
import {
  LL_PREDEFINED_LOG,
  ML_PREDEFINED_LOG,
  OF_PREDEFINED_LOG,
  buildCells,
  buildSingleCell,
} from './sequence-cells';

const PREDEFINED: u32 = 0;
const SINGLE: u32 = 1;
const REPEAT: u32 = 3;

// Cells, or 0 where there are none yet, and the bits of a cell's number.
export let llCells: usize = 0;
export let mlCells: usize = 0;
export let ofCells: usize = 0;
export let llLog: u32 = 0;
export let mlLog: u32 = 0;
export let ofLog: u32 = 0;

/** Starts a page with no tables. */
export function useNoTables(): void {
  llCells = 0;
  mlCells = 0;
  ofCells = 0;
}

/** Starts a page with the tables of a profile. */
export function useTablesOf(profile: usize): void {
  llCells = profile + P_LL_CELLS;
  llLog = load<u32>(profile + P_LL_LOG);
  mlCells = profile + P_ML_CELLS;
  mlLog = load<u32>(profile + P_ML_LOG);
  ofCells = profile + P_OF_CELLS;
  ofLog = load<u32>(profile + P_OF_LOG);
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
  if (mode === SINGLE) {
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
export function readTables(at: usize, end: usize, modes: u32): usize {
  const llMode = modes >> 6;
  if (llMode === PREDEFINED) {
    llCells = LL_PREDEFINED;
    llLog = LL_PREDEFINED_LOG;
  } else if (llMode !== REPEAT) {
    at = readTable(at, end, llMode, LL_CELLS, LL_CODE, LL_CODES, 9);
    if (at === 0) return 0;
    llCells = tableCells;
    llLog = tableLog;
  }
  const ofMode = (modes >> 4) & 3;
  if (ofMode === PREDEFINED) {
    ofCells = OF_PREDEFINED;
    ofLog = OF_PREDEFINED_LOG;
  } else if (ofMode !== REPEAT) {
    at = readTable(at, end, ofMode, OF_CELLS, OF_CODE, OF_CODES, 8);
    if (at === 0) return 0;
    ofCells = tableCells;
    ofLog = tableLog;
  }
  const mlMode = (modes >> 2) & 3;
  if (mlMode === PREDEFINED) {
    mlCells = ML_PREDEFINED;
    mlLog = ML_PREDEFINED_LOG;
  } else if (mlMode !== REPEAT) {
    at = readTable(at, end, mlMode, ML_CELLS, ML_CODE, ML_CODES, 9);
    if (at === 0) return 0;
    mlCells = tableCells;
    mlLog = tableLog;
  }
  return llCells === 0 || ofCells === 0 || mlCells === 0 ? 0 : at;
}

