/**
 * Receives the payload of one write at a time, or skips that of a refused one.
 *
 * The disk takes pages straight from the receive buffer while it keeps in step. What it has to wait
 * with moves, once, to a frame of its own that is large enough for the rest of the payload; with
 * all of it there the write goes on by itself and the next request can be received.
 *
 *     receive buffer   |..done..|..available..|      more to come
 *                               └──────────┐
 *     frame                     |..........|..........rest of the payload..|
 */
import type { BlkRequest } from '../../blk/request.ts';
import { assert } from '../../std/assert.ts';
import { OK } from '../../std/errno.ts';
import type { Errno } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { Executor } from './executor.ts';
import type { InFlight } from './in-flight.ts';
import type { ReceiveBuffer } from './receive.ts';
import type { SharedResources } from '../shared.ts';
import * as wire from '../wire.ts';

/**
 * Most bytes that the disk is shown at a time: between two such steps others can have their turn.
 */
export const STEP_BYTES: number = 8 * PAGE_SIZE;

export class WriteReceiver {
  readonly #shared: SharedResources;
  readonly #executor: Executor;
  readonly #input: ReceiveBuffer;
  /** The write whose payload is not complete. */
  #current: InFlight | undefined;
  /** Bytes to skip of a write that is answered with an error afterwards. */
  #skipBytes = 0;
  #skipError: Errno = OK;
  #skipCookieHi = 0;
  #skipCookieLo = 0;

  constructor(shared: SharedResources, executor: Executor, input: ReceiveBuffer) {
    this.#shared = shared;
    this.#executor = executor;
    this.#input = input;
  }

  /** True while the next input belongs to a payload. */
  get isReceiving(): boolean {
    return this.#current !== undefined || this.#skipBytes > 0;
  }

  /** True if a payload is expected that memory is held for. */
  get holdsMemory(): boolean {
    return this.#current !== undefined;
  }

  /** Starts a write whose payload is next in the input. */
  start(entry: InFlight): void {
    const { request } = entry;
    request.payload = this.#input.payload;
    request.payloadOffset = this.#input.at;
    this.#current = entry;
    this.#takeInPlace(request);
    this.#stepped(entry, this.#executor.disk.start(request));
  }

  /** Skips the payload of a write that is refused. The answer follows it, as the client expects. */
  refuse(cookieHi: number, cookieLo: number, length: number, error: Errno): void {
    this.#skipCookieHi = cookieHi;
    this.#skipCookieLo = cookieLo;
    this.#skipError = error;
    this.#skipBytes = length;
    if (length === 0) this.#answerSkipped();
  }

  /** Uses the input that is there; there is some, and {@link isReceiving}. */
  advance(): void {
    const entry = this.#current;
    if (entry === undefined) {
      this.#skip();
      return;
    }
    if (entry.frame === undefined) this.#takeInPlace(entry.request);
    else this.#takeIntoFrame(entry);
    this.#stepped(entry, this.#executor.disk.feed(entry.request));
  }

  /**
   * Prepares the receive buffer for the next bytes. A payload that the disk takes from there moves
   * along.
   */
  carry(): void {
    const entry = this.#current;
    if (entry === undefined || entry.frame !== undefined) {
      this.#input.carry(this.#input.at);
      return;
    }
    const { request } = entry;
    request.payloadOffset += this.#input.carry(request.payloadOffset + request.done);
  }

  /**
   * A request that had to wait has finished.
   *
   * @returns true if it is the one whose payload is being received; then it has failed early, and
   *   the rest of its payload is skipped before it is answered
   */
  finishedEarly(entry: InFlight): boolean {
    if (entry !== this.#current) return false;
    this.#failed(entry);
    return true;
  }

  /** No input will follow: gives up what is incomplete. */
  end(): void {
    const entry = this.#current;
    this.#current = undefined;
    this.#skipBytes = 0;
    if (entry === undefined) return;
    entry.silent = true;
    if (this.#executor.disk.abandon(entry.request)) this.#executor.answer(entry);
  }

  #takeInPlace(request: BlkRequest): void {
    const wanted = Math.min(STEP_BYTES, request.length - request.available);
    const taken = Math.min(this.#input.left, wanted);
    request.available += taken;
    this.#input.at += taken;
  }

  #takeIntoFrame(entry: InFlight): void {
    const { request, frame } = entry;
    assert(frame !== undefined);
    const taken = Math.min(this.#input.left, request.length - request.available);
    const from = this.#input.at;
    frame.payload.bytes.set(
      this.#input.payload.bytes.subarray(from, from + taken),
      request.payloadOffset + request.available,
    );
    request.available += taken;
    this.#input.at += taken;
  }

  /** The disk has gone as far as it could. */
  #stepped(entry: InFlight, finished: boolean): void {
    const { request } = entry;
    const isComplete = request.available === request.length;
    if (finished) {
      if (isComplete) {
        this.#current = undefined;
        this.#executor.answer(entry);
      } else {
        this.#failed(entry);
      }
      return;
    }
    if (isComplete) {
      this.#current = undefined;
      this.#shared.counters.waits += 1;
    }
    // Less than a page waits for the rest of that page; more waits for something else.
    const isBehind = request.available - request.done >= PAGE_SIZE;
    if (entry.frame === undefined && (isComplete || isBehind)) this.#moveOut(entry);
  }

  #moveOut(entry: InFlight): void {
    const { request } = entry;
    const from = request.payloadOffset + request.done;
    const to = request.payloadOffset + request.available;
    const frame = this.#executor.giveFrame(entry, request.length - request.done, -request.done);
    frame.payload.bytes.set(this.#input.payload.bytes.subarray(from, to));
  }

  #failed(entry: InFlight): void {
    const { request } = entry;
    assert(request.error !== OK);
    this.#current = undefined;
    this.refuse(entry.cookieHi, entry.cookieLo, request.length - request.available, request.error);
    this.#executor.release(entry);
  }

  #skip(): void {
    const skipped = Math.min(this.#input.left, this.#skipBytes);
    this.#input.at += skipped;
    this.#skipBytes -= skipped;
    if (this.#skipBytes === 0) this.#answerSkipped();
  }

  #answerSkipped(): void {
    this.#executor.reply(
      wire.NBD_CMD_WRITE,
      this.#skipCookieHi,
      this.#skipCookieLo,
      this.#skipError,
    );
  }
}
