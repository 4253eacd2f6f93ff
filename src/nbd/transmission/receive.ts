/**
 * A connection's receive buffer. The socket always writes to the same place; what the parser could
 * not use yet (a cut header, a page of a write that is not complete) is moved in front of that
 * place, so that the next bytes continue it and everything is parsed where it lies.
 *
 *     |..... one page for a carried tail .....|.... the socket writes here ....|
 *     0                              keep ^   RECEIVE_AT                       size
 */
import { assert } from '../../std/assert.ts';
import type { Payload } from '../../blk/payload.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { Frame } from '../frames.ts';

/** Where the socket writes: a tail of less than a page fits in front. */
const RECEIVE_AT = PAGE_SIZE;

export class ReceiveBuffer {
  readonly frame: Frame;
  /** What the socket writes to; one view for the buffer's life. */
  readonly target: Uint8Array;
  /** First byte that the parser has not used. */
  at: number = RECEIVE_AT;
  /** End of the bytes that are there. */
  end: number = RECEIVE_AT;

  constructor(frame: Frame, receiveBytes: number) {
    this.frame = frame;
    this.target = frame.payload.bytes.subarray(RECEIVE_AT, receiveBytes);
  }

  get payload(): Payload {
    return this.frame.payload;
  }

  get view(): DataView {
    return this.frame.view;
  }

  /** Bytes not used yet. */
  get left(): number {
    return this.end - this.at;
  }

  /** The socket has written `bytes` to {@link target}; the tail must have been carried before. */
  received(bytes: number): void {
    assert(this.end === RECEIVE_AT && bytes <= this.target.length);
    this.end += bytes;
  }

  /**
   * Makes room for the next bytes, keeping those from `keep` on (less than a page).
   *
   * @returns by how much the kept bytes moved; add it to any position that is remembered
   */
  carry(keep: number): number {
    const kept = this.end - keep;
    assert(kept >= 0 && kept < RECEIVE_AT);
    const moved = RECEIVE_AT - this.end;
    if (kept > 0) this.frame.payload.bytes.copyWithin(RECEIVE_AT - kept, keep, this.end);
    this.at += moved;
    this.end = RECEIVE_AT;
    return moved;
  }
}
