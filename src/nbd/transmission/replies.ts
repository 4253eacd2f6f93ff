/**
 * The way out of a connection. Short replies, and data of reads that fit, are put one behind the
 * other into a batch buffer that is sent once per received chunk; data that does not fit leaves
 * from the buffer it was read into, without a copy. Replies may overtake one another: each is
 * whole.
 *
 *     batch   |reply|reply|header data........|reply|  free  | held back for replies of
 *             0                                     ^to        requests that still wait |
 *
 * While the socket has not taken a batch, that batch and its large replies are in transit and
 * replies collect in a second buffer. Invariant: the held-back room covers a short reply to every
 * request in flight, so an answer never has to wait for room.
 */
import { assert } from '../../std/assert.ts';
import type { Payload } from '../../blk/payload.ts';
import { FRAME_HEAD_BYTES } from '../frames.ts';
import type { ConnectionBudget, Frame, FramePool } from '../frames.ts';
import { SHORT_REPLY_BYTES_MAX } from '../limits.ts';
import type { NbdLimits } from '../limits.ts';
import * as wire from '../wire.ts';

/** Takes the bytes of replies. */
export interface ReplyOutlet {
  /**
   * Sends segments in order. The array is reused and only valid during the call.
   *
   * @returns true if the memory is free again; false if it is in use until {@link ReplyQueue.sent}
   */
  send(segments: readonly Uint8Array[]): boolean;
}

/** Data of a read in a frame of its own. */
interface LargeReply {
  readonly frame: Frame;
  readonly from: number;
  readonly to: number;
  /** The reservation that ends when the frame is free. */
  readonly token: number;
}

/**
 * Reads of fewer bytes that had to wait are copied into the batch, larger ones are sent in place.
 */
const COPY_BYTES_MAX = 32 * 1024;

export class ReplyQueue {
  readonly #pool: FramePool;
  readonly #budget: ConnectionBudget;
  readonly #outlet: ReplyOutlet;
  readonly #batchBytes: number;
  readonly #heldBackBytes: number;
  readonly #segments: Uint8Array[] = [];
  #batch: Frame | undefined;
  #batchTo = 0;
  #large: LargeReply[] = [];
  #largeBytes = 0;
  #transitBatch: Frame | undefined;
  #transitLarge: LargeReply[] = [];
  #transitBytes = 0;
  #closed = false;

  constructor(pool: FramePool, budget: ConnectionBudget, limits: NbdLimits, outlet: ReplyOutlet) {
    this.#pool = pool;
    this.#budget = budget;
    this.#outlet = outlet;
    this.#batchBytes = limits.batchBytes;
    // One more than are in flight: a refused write is answered after its payload has been skipped.
    this.#heldBackBytes = (limits.inFlightMax + 1) * SHORT_REPLY_BYTES_MAX;
  }

  /** Bytes that have not left yet. */
  get queuedBytes(): number {
    return this.#batchTo + this.#largeBytes + this.#transitBytes;
  }

  get inTransit(): boolean {
    return this.#transitBytes > 0;
  }

  /** True if a reply of `bytes` fits into the batch. */
  hasRoom(bytes: number): boolean {
    return this.#batchTo + bytes + this.#heldBackBytes <= this.#batchBytes;
  }

  /**
   * Takes `bytes` at the end of the batch, which fit ({@link hasRoom}); returns where they begin.
   */
  reserve(bytes: number): number {
    assert(this.hasRoom(bytes));
    this.#batch ??= this.#pool.take(this.#batchBytes);
    const at = this.#batchTo;
    this.#batchTo += bytes;
    return at;
  }

  /** Gives back the end of the last reservation, from `at` on. */
  shrink(at: number): void {
    assert(at <= this.#batchTo);
    this.#batchTo = at;
  }

  /** The batch's memory, for data of a read or extents at a reserved place. */
  get batchPayload(): Payload {
    assert(this.#batch !== undefined);
    return this.#batch.payload;
  }

  get batchView(): DataView {
    assert(this.#batch !== undefined);
    return this.#batch.view;
  }

  /** Adds a simple reply without data. */
  simple(cookieHi: number, cookieLo: number, error: number): void {
    const at = this.#short(wire.SIMPLE_REPLY_BYTES);
    putSimpleHead(this.batchView, at, cookieHi, cookieLo, error);
  }

  /** Adds an error chunk that ends a structured reply. */
  errorChunk(cookieHi: number, cookieLo: number, error: number): void {
    const at = this.#short(wire.ERROR_CHUNK_BYTES);
    const view = this.batchView;
    putChunkHead(view, at, wire.NBD_REPLY_TYPE_ERROR, cookieHi, cookieLo, 6);
    view.setUint32(at + wire.CHUNK_HEADER_BYTES, error);
    view.setUint16(at + wire.CHUNK_HEADER_BYTES + 4, 0);
  }

  /**
   * Adds a reply that lies in a frame of its own, header in front, and takes over frame and
   * reservation.
   */
  framed(frame: Frame, headerBytes: number, dataBytes: number, token: number): void {
    const from = FRAME_HEAD_BYTES - headerBytes;
    const bytes = headerBytes + dataBytes;
    if (dataBytes < COPY_BYTES_MAX && this.hasRoom(bytes)) {
      const at = this.reserve(bytes);
      this.batchPayload.bytes.set(frame.payload.bytes.subarray(from, from + bytes), at);
      this.#pool.give(frame);
      this.#budget.release(token);
      return;
    }
    this.#large.push({ frame, from, to: from + bytes, token });
    this.#largeBytes += bytes;
  }

  /** Sends what has collected, unless the last batch is still in transit. */
  flush(): void {
    if (this.inTransit || this.queuedBytes === 0) return;
    const segments = this.#segments;
    segments.length = 0;
    if (this.#batchTo > 0) segments.push(this.batchPayload.bytes.subarray(0, this.#batchTo));
    for (const large of this.#large) {
      segments.push(large.frame.payload.bytes.subarray(large.from, large.to));
    }
    const bytes = this.queuedBytes;
    const spare = this.#transitLarge;
    this.#transitBatch = this.#batch;
    this.#transitLarge = this.#large;
    this.#large = spare;
    this.#batch = undefined;
    this.#batchTo = 0;
    this.#largeBytes = 0;
    this.#transitBytes = bytes;
    if (this.#closed || this.#outlet.send(segments)) this.sent();
    segments.length = 0;
  }

  /** What was in transit has left: its memory is free. */
  sent(): void {
    assert(this.inTransit);
    if (this.#transitBatch !== undefined) this.#pool.give(this.#transitBatch);
    this.#transitBatch = undefined;
    for (const large of this.#transitLarge) {
      this.#pool.give(large.frame);
      this.#budget.release(large.token);
    }
    this.#transitLarge.length = 0;
    this.#transitBytes = 0;
  }

  /**
   * The outlet is gone: everything is dropped, and so is whatever is added later. Nothing reads the
   * memory in transit any more: a socket says that it is closed once its writes are called off.
   */
  close(): void {
    this.#closed = true;
    if (this.inTransit) this.sent();
    this.flush();
  }

  #short(bytes: number): number {
    this.#batch ??= this.#pool.take(this.#batchBytes);
    const at = this.#batchTo;
    this.#batchTo += bytes;
    assert(this.#batchTo <= this.#batchBytes);
    return at;
  }
}

/** Writes a simple reply's 16 bytes at `at`. */
export function putSimpleHead(
  view: DataView,
  at: number,
  cookieHi: number,
  cookieLo: number,
  error: number,
): void {
  view.setUint32(at, wire.NBD_SIMPLE_REPLY_MAGIC);
  view.setUint32(at + 4, error);
  view.setUint32(at + 8, cookieHi);
  view.setUint32(at + 12, cookieLo);
}

/** Writes the 20 bytes at `at` that begin the last chunk of a structured reply. */
export function putChunkHead(
  view: DataView,
  at: number,
  type: number,
  cookieHi: number,
  cookieLo: number,
  length: number,
): void {
  view.setUint32(at, wire.NBD_STRUCTURED_REPLY_MAGIC);
  view.setUint16(at + 4, wire.NBD_REPLY_FLAG_DONE);
  view.setUint16(at + 6, type);
  view.setUint32(at + 8, cookieHi);
  view.setUint32(at + 12, cookieLo);
  view.setUint32(at + 16, length);
}
