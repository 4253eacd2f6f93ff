/** Records of a recording, written one after the other into a buffer of fixed size. */
import { assert } from '../../std/assert.ts';

export class RecordBuffer {
  readonly bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  get room(): number {
    return this.bytes.length - this.length;
  }

  byte(value: number): void {
    this.bytes[this.length] = value;
    this.length += 1;
  }

  u16(value: number): void {
    this.byte(value & 0xff);
    this.byte(value >>> 8);
  }

  u32(value: number): void {
    this.u16(value & 0xffff);
    this.u16(value >>> 16);
  }

  /** Seven bits a byte, the lowest first; the top bit says that more follow. */
  varint(value: number): void {
    assert(value >= 0 && Number.isSafeInteger(value));
    let left = value;
    while (left >= 0x80) {
      this.byte((left % 0x80) | 0x80);
      left = Math.floor(left / 0x80);
    }
    this.byte(left);
  }

  /** A number of either sign: 0, -1, 1, -2, … */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  put(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}
