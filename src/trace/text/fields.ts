/**
 * The fields of a line: where each begins and ends, and what number, id or word it is. One object
 * is used for all lines.
 */
import type { TraceRecord } from '../record.ts';
import type { Line } from './lines.ts';

/** Fields of a line that are told apart; what follows belongs to the last one. */
const FIELDS_MAX = 64;
const SPACE = 0x20;
const TAB = 0x09;
const ZERO = 0x30;
const UPPER_TO_LOWER = 0x20;
const LETTER_A = 0x61;
const LETTER_X = 0x78;
const HEX_DIGITS_MAX = 16;
const MINUS = 0x2d;
const U32 = 0x1_0000_0000;
/** Digits of a whole number that a double holds exactly. */
const SAFE_DIGITS = 15;

/** How fields are separated: by one byte each, or by any run of blanks (`' '`). */
export type Delimiter = ',' | ';' | '\t' | '|' | ' ';

export class Fields {
  count = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #starts = new Int32Array(FIELDS_MAX);
  readonly #ends = new Int32Array(FIELDS_MAX);

  /** Looks at a line. Blanks around fields do not count. */
  split(line: Line, delimiter: Delimiter): void {
    this.#bytes = line.bytes;
    this.count = 0;
    if (delimiter === ' ') this.#splitBlanks(line);
    else this.#splitAt(line, delimiter.charCodeAt(0));
  }

  /** A decimal number, whole or not, negative or not; NaN for anything else. */
  number(field: number): number {
    if (field >= this.count) return Number.NaN;
    const bytes = this.#bytes;
    const end = this.#ends[field] ?? 0;
    let at = this.#starts[field] ?? 0;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at += 1;
    if (at === end) return Number.NaN;
    if (end - at > SAFE_DIGITS) return this.#longNumber(field);
    let value = 0;
    for (; at < end; at += 1) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at < end) return this.#longNumber(field);
    return isNegative ? -value : value;
  }

  /** A whole number of 0 or more and below 2^53; NaN for anything else. */
  whole(field: number): number {
    const value = this.number(field);
    return value >= 0 && Number.isSafeInteger(value) ? value : Number.NaN;
  }

  /** A hexadecimal number with or without `0x`, exact below 2^53; NaN for anything else. */
  hex(field: number): number {
    if (field >= this.count) return Number.NaN;
    const bytes = this.#bytes;
    const end = this.#ends[field] ?? 0;
    let at = this.#starts[field] ?? 0;
    if (bytes[at] === ZERO && ((bytes[at + 1] ?? 0) | UPPER_TO_LOWER) === LETTER_X) at += 2;
    if (at >= end || end - at > HEX_DIGITS_MAX) return Number.NaN;
    let value = 0;
    for (; at < end; at += 1) {
      const digit = hexDigit(bytes[at] ?? 0);
      if (digit < 0) return Number.NaN;
      value = value * 16 + digit;
    }
    return value;
  }

  /** The text of a field; empty where there is none. */
  text(field: number): string {
    if (field >= this.count) return '';
    let text = '';
    const end = this.#ends[field] ?? 0;
    for (let at = this.#starts[field] ?? 0; at < end; at += 1) {
      text += String.fromCharCode(this.#bytes[at] ?? 0);
    }
    return text;
  }

  /** The first byte of a field; 0 where it is empty or missing. */
  first(field: number): number {
    if (field >= this.count) return 0;
    const start = this.#starts[field] ?? 0;
    return start < (this.#ends[field] ?? 0) ? (this.#bytes[start] ?? 0) : 0;
  }

  /**
   * Makes a field the record's id: a decimal number below 2^64 or a hexadecimal one with `0x` by
   * its value, anything else by a hash of 64 bits.
   *
   * @returns false if the field is empty or missing
   */
  id(field: number, record: TraceRecord): boolean {
    if (field >= this.count) return false;
    const start = this.#starts[field] ?? 0;
    const end = this.#ends[field] ?? 0;
    if (start === end) return false;
    if (end - start <= SAFE_DIGITS) {
      const value = this.number(field);
      if (value >= 0 && Number.isInteger(value)) {
        record.idHigh = Math.floor(value / U32);
        record.idLow = value >>> 0;
        return true;
      }
    }
    if (!this.#longId(field, record)) this.#hash(start, end, record);
    return true;
  }

  #splitAt(line: Line, byte: number): void {
    const { bytes, end } = line;
    let start = line.start;
    for (let at = start; at < end && this.count < FIELDS_MAX - 1; at += 1) {
      if (bytes[at] !== byte) continue;
      this.#add(start, at);
      start = at + 1;
    }
    this.#add(start, end);
  }

  #splitBlanks(line: Line): void {
    const { bytes, end } = line;
    let at = line.start;
    while (at < end && this.count < FIELDS_MAX) {
      while (at < end && isBlank(bytes[at])) at += 1;
      if (at === end) return;
      const start = at;
      while (at < end && !isBlank(bytes[at])) at += 1;
      this.#starts[this.count] = start;
      this.#ends[this.count] = at;
      this.count += 1;
    }
  }

  #add(from: number, to: number): void {
    let start = from;
    let end = to;
    while (start < end && isBlank(this.#bytes[start])) start += 1;
    while (end > start && isBlank(this.#bytes[end - 1])) end -= 1;
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.count += 1;
  }

  #longNumber(field: number): number {
    const text = this.text(field);
    if (!/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number.NaN;
    return Number(text);
  }

  #longId(field: number, record: TraceRecord): boolean {
    const text = this.text(field);
    if (!/^(?:\d{1,20}|0[xX][0-9a-fA-F]{1,16})$/.test(text)) return false;
    const value = BigInt(text);
    if (value >= 1n << 64n) return false;
    record.idHigh = Number(value >> 32n);
    record.idLow = Number(value & 0xffff_ffffn);
    return true;
  }

  /** Two multiplicative hashes with different factors, mixed at the end. */
  #hash(start: number, end: number, record: TraceRecord): void {
    let low = 0x9e37_79b9;
    let high = 0x85eb_ca6b;
    for (let at = start; at < end; at += 1) {
      const byte = this.#bytes[at] ?? 0;
      low = Math.imul(low ^ byte, 0x0100_0193);
      high = Math.imul((high << 5) ^ (high >>> 27) ^ byte, 0x5bd1_e995);
    }
    low = Math.imul(low ^ (low >>> 15), 0x2c1b_3c6d);
    high = Math.imul(high ^ (high >>> 13), 0x297a_2d39);
    record.idLow = (low ^ (high >>> 16)) >>> 0;
    record.idHigh = (high ^ (low >>> 12)) >>> 0;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function hexDigit(byte: number): number {
  const digit = byte - ZERO;
  if (digit >= 0 && digit <= 9) return digit;
  const letter = (byte | UPPER_TO_LOWER) - LETTER_A;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}
