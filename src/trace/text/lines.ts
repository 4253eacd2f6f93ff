/**
 * Text traces line by line, out of chunks that end anywhere. Lines are ranges of bytes in a buffer,
 * never strings: most of a trace is numbers that are read where they lie.
 */

/** A line, in one object that is used again for the next: without its line end. */
export interface Line {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** From 1. */
  number: number;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Longest line that is looked at; anything longer is no text trace. */
export const LINE_BYTES_MAX: number = 64 * 1024;

export class LineSplitter {
  readonly #line: Line = { bytes: new Uint8Array(0), start: 0, end: 0, number: 0 };
  readonly #onLine: (line: Line) => void;
  readonly #onTooLong: (number: number) => never;
  /** The beginning of a line that the next chunk goes on with. */
  #carry = new Uint8Array(4096);
  #carried = 0;

  /**
   * @param onLine - must have done with the line when it returns
   * @param onTooLong - refuses a line of more than {@link LINE_BYTES_MAX}
   */
  constructor(onLine: (line: Line) => void, onTooLong: (number: number) => never) {
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, start)) {
      if (this.#carried > 0) {
        this.#keep(chunk, start, at);
        this.#flushCarry();
      } else this.#emit(chunk, start, at);
      start = at + 1;
    }
    this.#keep(chunk, start, chunk.length);
  }

  /** The last line need not end. */
  end(): void {
    if (this.#carried > 0) this.#flushCarry();
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.#carried + end - start;
    if (needed > LINE_BYTES_MAX) this.#onTooLong(this.#line.number + 1);
    if (needed > this.#carry.length) {
      const wider = new Uint8Array(2 * needed);
      wider.set(this.#carry.subarray(0, this.#carried));
      this.#carry = wider;
    }
    this.#carry.set(chunk.subarray(start, end), this.#carried);
    this.#carried = needed;
  }

  #flushCarry(): void {
    const end = this.#carried;
    this.#carried = 0;
    this.#emit(this.#carry, 0, end);
  }

  #emit(bytes: Uint8Array, start: number, end: number): void {
    const line = this.#line;
    line.bytes = bytes;
    line.start = start;
    line.end = end > start && bytes[end - 1] === RETURN ? end - 1 : end;
    line.number += 1;
    this.#onLine(line);
  }
}
