/**
 * A client of a disk in simulations: requests with their outcome, over the real request records.
 */
import { Payload } from '../../blk/payload.ts';
import type { Task } from '../../rt/rt.ts';
import type { BlkDisk, BlkOp, BlkRequest } from '../../blk/request.ts';

/** Where the bytes of a request lie, in memory that others may use too. */
export interface Place {
  readonly payload: Payload;
  readonly offset: number;
}

/** One request: what was asked, and its outcome when it has finished. */
export class ClientRequest {
  readonly request: BlkRequest;
  readonly payload: Payload;
  finished = false;
  onFinished: () => void = () => {};
  readonly #disk: BlkDisk;

  /** @param place - memory of its own by default */
  constructor(
    disk: BlkDisk,
    op: BlkOp,
    offset: number,
    length: number,
    data?: Uint8Array,
    place?: Place,
  ) {
    this.#disk = disk;
    this.payload = place?.payload ?? new Payload(op === 'read' || op === 'write' ? length : 0);
    const payloadOffset = place?.offset ?? 0;
    if (data !== undefined) this.payload.bytes.set(data, payloadOffset);
    this.request = disk.createRequest(() => {
      this.finished = true;
      this.onFinished();
    });
    this.request.op = op;
    this.request.offset = offset;
    this.request.length = length;
    this.request.payload = this.payload;
    this.request.payloadOffset = payloadOffset;
    this.request.available = op === 'write' ? length : 0;
  }

  /** The record as the runtime knows it. */
  get task(): Task {
    return this.request as BlkRequest & Task;
  }

  start(): this {
    this.finished = this.#disk.start(this.request);
    if (this.finished) this.onFinished();
    return this;
  }

  /** Says that the payload's first bytes are there now; what the disk answers. */
  feed(available: number): boolean {
    this.request.available = available;
    return this.#ended(this.#disk.feed(this.request));
  }

  /** Says that no more payload will come; what the disk answers. */
  abandon(): boolean {
    return this.#ended(this.#disk.abandon(this.request));
  }

  /** What a read has read. */
  get data(): Uint8Array {
    const start = this.request.payloadOffset;
    return this.payload.bytes.subarray(start, start + this.request.length);
  }

  get error(): number {
    return this.request.error;
  }

  #ended(ended: boolean): boolean {
    if (ended) {
      this.finished = true;
      this.onFinished();
    }
    return ended;
  }
}

/** Makes and starts a request. */
export function submit(
  disk: BlkDisk,
  op: BlkOp,
  offset: number,
  length: number,
  data?: Uint8Array,
): ClientRequest {
  return new ClientRequest(disk, op, offset, length, data).start();
}
