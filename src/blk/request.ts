/**
 * One block request, preallocated and reused: what a client asked for, how far it has come, and
 * what it holds while it waits. The protocol above fills in the public part, calls
 * {@link BlkDisk.start}, and gets it back once.
 */
import type { Errno } from '../std/errno.ts';
import type { Payload } from './payload.ts';

/** What a request does. `zero` guarantees zeros; `trim` promises nothing of partial pages. */
export type BlkOp = 'read' | 'write' | 'trim' | 'zero' | 'flush';

/** The part of a request that its submitter fills in and reads back. */
export interface BlkRequest {
  op: BlkOp;
  /** First byte, 0..2^53; need not be aligned. */
  offset: number;
  /** Bytes; the range lies within the disk (the protocol checks that and answers for it). */
  length: number;
  /**
   * Where the data is (`write`) or goes (`read`): byte i of the request is
   * `payload.bytes[payloadOffset + i]`. The submitter may set both anew whenever `start` or `feed`
   * has returned false, having moved bytes `[done, …)` of a write or `[0, done)` of a read there.
   */
  payload: Payload | undefined;
  payloadOffset: number;
  /** `write`: bytes of the payload that are there, counted from the request's first byte. */
  available: number;
  /** Bytes finished from the front: no longer needed (`write`), or in place (`read`). */
  readonly done: number;
  /**
   * Outcome once finished: OK, EIO, ENOSPC, ENOMEM, or ESHUTDOWN from a disk that goes away. The
   * first error ends the request.
   */
  readonly error: Errno;
  /** Called once when a request that had to wait has finished. Set when the record is made. */
  onDone: (request: BlkRequest) => void;
}

/** What the protocol needs of a disk. */
export interface BlkDisk {
  readonly name: string;
  /** Bytes, a multiple of 4096. */
  readonly sizeBytes: number;
  /** A new request record for this disk, to be reused. */
  createRequest(onDone: (request: BlkRequest) => void): BlkRequest;
  /**
   * Runs a request as far as it goes.
   *
   * @returns true if it has finished (then `onDone` is not called); false if it waits, for a page
   *   that is busy, for the device, for its turn, or for more of its payload (then `onDone` is
   *   called later, from an empty stack).
   */
  start(request: BlkRequest): boolean;
  /** Goes on with a write whose `available` has grown; like {@link start}. */
  feed(request: BlkRequest): boolean;
  /**
   * Gives up a write that waits for payload that will never come (the client is gone). Pages that
   * were complete stay written; the rest is untouched. Finishes the request like {@link start}.
   */
  abandon(request: BlkRequest): boolean;
  /**
   * Describes `[offset, offset + length)` as runs of pages, both rounded outwards to pages. It is
   * one section, so a disk looks at no more pages than it can in a fraction of a millisecond: the
   * runs may cover less than the range, but at least a page.
   *
   * @param visit - called for each run with its bytes and state, in order, from `offset` on (the
   *   first and last run are cut to the range); returns false to stop
   */
  status(
    offset: number,
    length: number,
    visit: (bytes: number, state: 'data' | 'zero' | 'hole') => boolean,
  ): void;
}
