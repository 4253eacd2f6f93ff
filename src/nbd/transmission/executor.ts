/**
 * Carries out requests on the disk and answers them. A request that the disk finishes at once is
 * answered from the buffers it already lies in; one that has to wait is moved to a frame of its own
 * and answered when the disk calls back.
 */
import type { BlkDisk } from '../../blk/request.ts';
import { assert } from '../../std/assert.ts';
import { OK } from '../../std/errno.ts';
import type { Errno } from '../../std/errno.ts';
import { nbdErrorOf } from '../errors.ts';
import { ConnectionBudget, FRAME_HEAD_BYTES } from '../frames.ts';
import type { Frame } from '../frames.ts';
import { InFlightTable } from './in-flight.ts';
import type { InFlight } from './in-flight.ts';
import { putChunkHead, putSimpleHead, ReplyQueue } from './replies.ts';
import type { ReplyOutlet } from './replies.ts';
import { AnsweredBatch } from './request-times.ts';
import type { SharedResources } from '../shared.ts';
import { StatusWriter } from './status-writer.ts';
import * as wire from '../wire.ts';

export class Executor {
  readonly budget: ConnectionBudget;
  readonly replies: ReplyQueue;
  readonly inFlight: InFlightTable;
  readonly disk: BlkDisk;
  readonly #answered: AnsweredBatch;
  readonly #shared: SharedResources;
  readonly #structured: boolean;
  readonly #status: StatusWriter;

  /** @param onDone - called, from an empty stack, when a request that had to wait has finished */
  constructor(
    shared: SharedResources,
    session: { readonly disk: BlkDisk; readonly structured: boolean },
    outlet: ReplyOutlet,
    onDone: (entry: InFlight) => void,
  ) {
    this.#shared = shared;
    this.disk = session.disk;
    this.#structured = session.structured;
    this.budget = new ConnectionBudget(shared.budget);
    this.replies = new ReplyQueue(shared.pool, this.budget, shared.limits, outlet);
    this.inFlight = new InFlightTable(session.disk, onDone);
    this.#answered = new AnsweredBatch(shared.times, () => shared.rt.nowMs());
    this.#status = new StatusWriter(shared.limits.statusDescriptorsMax);
  }

  /** Answers a request that carries no data: an error, or the success of anything but a read. */
  reply(type: number, cookieHi: number, cookieLo: number, error: Errno): void {
    if (error !== OK) this.#shared.counters.errors += 1;
    const value = nbdErrorOf(error);
    const needsChunk = type === wire.NBD_CMD_READ || type === wire.NBD_CMD_BLOCK_STATUS;
    if (this.#structured && needsChunk) this.replies.errorChunk(cookieHi, cookieLo, value);
    else this.replies.simple(cookieHi, cookieLo, value);
  }

  /** Starts a trim, a zeroing or a flush. */
  startPlain(entry: InFlight): void {
    if (this.disk.start(entry.request)) this.answer(entry);
    else this.#shared.counters.waits += 1;
  }

  /**
   * Starts a read straight into the batch where the reply fits; if then the disk has to wait, the
   * part that is already there moves to a frame and the place in the batch is given up.
   */
  startRead(entry: InFlight): void {
    const { request } = entry;
    const headerBytes = this.#readHeaderBytes();
    const bytes = headerBytes + request.length;
    if (!this.replies.hasRoom(bytes)) this.replies.flush();
    if (!this.replies.hasRoom(bytes)) {
      this.giveFrame(entry, request.length, FRAME_HEAD_BYTES);
      this.startPlain(entry);
      return;
    }
    const at = this.replies.reserve(bytes);
    const batch = this.replies.batchPayload;
    const from = at + headerBytes;
    request.payload = batch;
    request.payloadOffset = from;
    if (!this.disk.start(request)) {
      this.#shared.counters.waits += 1;
      const { payload } = this.giveFrame(entry, request.length, FRAME_HEAD_BYTES);
      if (request.done > 0) {
        payload.bytes.set(batch.bytes.subarray(from, from + request.done), FRAME_HEAD_BYTES);
      }
      this.replies.shrink(at);
    } else if (request.error === OK) {
      this.#putReadHeader(this.replies.batchView, at, entry);
      this.release(entry);
    } else {
      this.replies.shrink(at);
      this.answer(entry);
    }
  }

  /** Answers NBD_CMD_BLOCK_STATUS with the extents that fit into the batch. */
  blockStatus(
    cookieHi: number,
    cookieLo: number,
    range: { readonly offset: number; readonly length: number; readonly onlyOne: boolean },
  ): void {
    this.#status.put(this.replies, this.disk, range, cookieHi, cookieLo);
  }

  /** Answers a finished request and takes its record back. */
  answer(entry: InFlight): void {
    const { request, frame } = entry;
    if (entry.silent) {
      this.release(entry);
    } else if (request.op !== 'read' || request.error !== OK) {
      const type = request.op === 'read' ? wire.NBD_CMD_READ : wire.NBD_CMD_WRITE;
      this.reply(type, entry.cookieHi, entry.cookieLo, request.error);
      this.release(entry);
    } else {
      assert(frame !== undefined);
      const headerBytes = this.#readHeaderBytes();
      this.#putReadHeader(frame.view, FRAME_HEAD_BYTES - headerBytes, entry);
      this.replies.framed(frame, headerBytes, request.length, entry.token);
      entry.frame = undefined;
      entry.token = 0;
      this.release(entry);
    }
  }

  /** Sends the replies that have collected. */
  flush(): void {
    this.replies.flush();
    this.#answered.settle();
  }

  /** Gives a request a frame for `bytes`; byte 0 of the request lies at `payloadOffset` of it. */
  giveFrame(entry: InFlight, bytes: number, payloadOffset: number): Frame {
    assert(entry.frame === undefined && entry.token !== 0);
    const frame = this.#shared.pool.take(bytes);
    entry.frame = frame;
    entry.request.payload = frame.payload;
    entry.request.payloadOffset = payloadOffset;
    return frame;
  }

  /** Gives back what a request holds, and its record. */
  release(entry: InFlight): void {
    if (entry.frame !== undefined) this.#shared.pool.give(entry.frame);
    entry.frame = undefined;
    if (entry.token !== 0) this.budget.release(entry.token);
    entry.token = 0;
    if (!entry.silent) this.#answered.note(entry.request.op, entry.startMs);
    this.inFlight.give(entry);
  }

  #readHeaderBytes(): number {
    return this.#structured ? wire.DATA_CHUNK_HEADER_BYTES : wire.SIMPLE_REPLY_BYTES;
  }

  #putReadHeader(view: DataView, at: number, entry: InFlight): void {
    const { cookieHi, cookieLo, request } = entry;
    if (!this.#structured) {
      putSimpleHead(view, at, cookieHi, cookieLo, 0);
      return;
    }
    const type = wire.NBD_REPLY_TYPE_OFFSET_DATA;
    putChunkHead(view, at, type, cookieHi, cookieLo, 8 + request.length);
    view.setUint32(at + wire.CHUNK_HEADER_BYTES, Math.floor(request.offset / 2 ** 32));
    view.setUint32(at + wire.CHUNK_HEADER_BYTES + 4, request.offset % 2 ** 32);
  }
}
