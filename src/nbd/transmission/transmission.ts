/**
 * The transmission phase of one connection as a state machine: request bytes in, reply bytes out,
 * and a disk below. It touches no socket; whoever owns one fills {@link Transmission.target}, calls
 * {@link Transmission.received}, and sends what the outlet is given.
 *
 *               write           ┌──────────────┐
 *     request ─────────────────▶│ write payload│
 *        ▲  ◀───────────────────│   receiver   │
 *        │       all there      └──────────────┘
 *        └── DISC, end of input, broken protocol ──▶ over
 *
 * Invariants:
 * - A request starts only when its record, the room for a short reply and the memory it may need in
 *   the worst case are there. Otherwise nothing of it is used up, input stops, and what is freed
 *   later starts it. So a client that is slow or greedy waits for itself, and memory is bounded.
 * - A payload stays in the receive buffer only as long as the disk takes it from there in step;
 *   what the disk has to wait with is moved to a frame of its own before the next bytes arrive.
 */
import type { BlkDisk } from '../../blk/request.ts';
import type { Task } from '../../rt/rt.ts';
import { assert } from '../../std/assert.ts';
import { ESHUTDOWN, OK } from '../../std/errno.ts';
import type { Errno } from '../../std/errno.ts';
import { Executor } from './executor.ts';
import { frameBytes } from '../frames.ts';
import type { BudgetWaiter } from '../frames.ts';
import type { InFlight } from './in-flight.ts';
import { SHORT_REPLY_BYTES_MAX } from '../limits.ts';
import { ReceiveBuffer } from './receive.ts';
import type { ReplyOutlet } from './replies.ts';
import { checkRequest } from './request-check.ts';
import type { Session } from './request-check.ts';
import type { SharedResources } from '../shared.ts';
import * as wire from '../wire.ts';
import { Turn, workOf } from './turn.ts';
import { STEP_BYTES, WriteReceiver } from './write-receiver.ts';

/** Whoever owns the socket. */
export interface TransmissionOwner extends ReplyOutlet {
  /** Input that `received` refused may go on. Never called from inside `received`. */
  resumeInput(): void;
  /** All is answered and sent, and no request will follow: end the connection. */
  finished(): void;
  /** The client broke the protocol: end the connection at once. */
  broken(): void;
}

/** What the handshake agreed on. */
export interface TransmissionOptions {
  readonly disk: BlkDisk;
  readonly structured: boolean;
  readonly hasStatus: boolean;
}

export class Transmission implements Task, BudgetWaiter {
  readonly #shared: SharedResources;
  readonly #owner: TransmissionOwner;
  readonly #session: Session;
  readonly #input: ReceiveBuffer;
  readonly #executor: Executor;
  readonly #writes: WriteReceiver;
  readonly #turn: Turn;
  readonly #nextTurn: Task = { resume: () => this.#beginTurn() };
  /** No further request is looked at. */
  #over = false;
  /** Input has stopped because a limit was reached, or because it is others' turn. */
  #stalled = false;
  #turnOver = false;
  #neededBytes = 0;
  #waking = false;
  #shuttingDown = false;
  #finished = false;
  #disposed = false;

  constructor(shared: SharedResources, options: TransmissionOptions, owner: TransmissionOwner) {
    const { limits } = shared;
    this.#shared = shared;
    this.#owner = owner;
    this.#session = {
      sizeBytes: options.disk.sizeBytes,
      structured: options.structured,
      hasStatus: options.hasStatus,
    };
    this.#input = new ReceiveBuffer(shared.pool.take(limits.receiveBytes), limits.receiveBytes);
    this.#executor = new Executor(shared, options, owner, (entry) => this.#requestDone(entry));
    this.#writes = new WriteReceiver(shared, this.#executor, this.#input);
    this.#turn = new Turn(shared.rt);
    shared.transmissions += 1;
  }

  /** Where the next input goes. */
  get target(): Uint8Array {
    return this.#input.target;
  }

  /** Requests started and not answered. */
  get inFlightCount(): number {
    return this.#executor.inFlight.count;
  }

  /** Bytes of replies that the client has not taken. */
  get queuedBytes(): number {
    return this.#executor.replies.queuedBytes;
  }

  /** Bytes of memory reserved for requests under way and replies not yet sent. */
  get reservedBytes(): number {
    return this.#executor.budget.reservedBytes;
  }

  /** True if it holds memory for a payload or a reply that only the client can move on. */
  get waitsForClient(): boolean {
    return this.reservedBytes > 0 && (this.#writes.holdsMemory || this.#executor.replies.inTransit);
  }

  /** {@link BudgetWaiter}: memory that the request at the front of the input needs. */
  get neededBytes(): number {
    return this.#neededBytes;
  }

  /**
   * `bytes` of input lie in {@link target}.
   *
   * @returns false if input must stop until the owner's `resumeInput`
   */
  received(bytes: number): boolean {
    assert(!this.#stalled);
    if (this.#disposed) return false;
    this.#input.received(bytes);
    this.#advance();
    this.#finishIfIdle();
    return !this.#stalled;
  }

  /** The last segments that the outlet kept have left. */
  sent(): void {
    if (this.#disposed) return;
    this.#executor.replies.sent();
    this.#goOn();
  }

  /** The client sends no more. What is under way is finished and answered. */
  inputEnded(): void {
    if (this.#disposed) return;
    this.#endInput();
    this.#goOn();
  }

  /** From now on requests are answered ESHUTDOWN; ends when what is under way is finished. */
  shutDown(): void {
    this.#shuttingDown = true;
    this.#goOn();
  }

  /** The socket is gone. Memory goes back as soon as the disk has let go of it. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#shared.transmissions -= 1;
    this.#endInput();
    this.#executor.replies.close();
    this.#shared.budget.forget(this);
    this.#releaseInputIfIdle();
  }

  /** {@link BudgetWaiter}: memory may be there. */
  budgetFreed(): void {
    this.#wake();
  }

  /** {@link Task}: sends the replies that have collected, and goes on with stopped input. */
  resume(): void {
    this.#waking = false;
    this.#goOn();
  }

  #requestDone(entry: InFlight): void {
    if (!this.#writes.finishedEarly(entry)) this.#executor.answer(entry);
    if (this.#disposed) {
      this.#executor.flush();
      this.#releaseInputIfIdle();
    } else {
      // Requests that finish together are answered together.
      this.#wake();
    }
  }

  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    this.#shared.rt.wake(this);
  }

  #goOn(): void {
    if (this.#disposed) return;
    this.#executor.flush();
    if (this.#stalled && !this.#turnOver) {
      this.#stalled = false;
      this.#advance();
      if (!this.#stalled && !this.#over) this.#owner.resumeInput();
    }
    this.#finishIfIdle();
  }

  #beginTurn(): void {
    this.#turnOver = false;
    this.#goOn();
  }

  /** Parses what is there, sends what that has answered, and keeps the tail. */
  #advance(): void {
    this.#turn.begin(this.#shared.transmissions);
    while (!this.#over && this.#parse());
    if (this.#over) this.#input.at = this.#input.end;
    this.#executor.flush();
    if (!this.#stalled) this.#writes.carry();
  }

  /** One step; false if input is used up, cut, or stopped. */
  #parse(): boolean {
    if (!this.#writes.isReceiving) {
      return this.#input.left >= wire.REQUEST_BYTES && this.#beginRequest();
    }
    const { left } = this.#input;
    if (left === 0) return false;
    this.#writes.advance();
    return this.#turnGoesOn(workOf(wire.NBD_CMD_WRITE, left - this.#input.left));
  }

  /** True if one more request of any kind can be answered. */
  #hasRoom(): boolean {
    const { limits } = this.#shared;
    const { inFlight, replies } = this.#executor;
    if (inFlight.count >= limits.inFlightMax) return false;
    if (replies.queuedBytes > limits.outboundBytesMax || !replies.hasRoom(SHORT_REPLY_BYTES_MAX)) {
      replies.flush();
    }
    return replies.queuedBytes <= limits.outboundBytesMax && replies.hasRoom(SHORT_REPLY_BYTES_MAX);
  }

  #stall(): false {
    this.#stalled = true;
    this.#shared.counters.stalls += 1;
    return false;
  }

  /** Says whether more may be parsed; if not, stops input until the others have had their turn. */
  #turnGoesOn(work: number): boolean {
    if (this.#over || !this.#turn.isOverAfter(work)) return true;
    this.#stalled = true;
    this.#turnOver = true;
    this.#shared.rt.yieldTask(this.#nextTurn);
    return false;
  }

  #beginRequest(): boolean {
    const { view, at } = this.#input;
    if (view.getUint32(at) !== wire.NBD_REQUEST_MAGIC) {
      this.#breakOff();
      return false;
    }
    if (!this.#hasRoom()) return this.#stall();
    const flags = view.getUint16(at + 4);
    const type = view.getUint16(at + 6);
    const cookieHi = view.getUint32(at + 8);
    const cookieLo = view.getUint32(at + 12);
    const offset = view.getUint32(at + 16) * 2 ** 32 + view.getUint32(at + 20);
    const length = view.getUint32(at + 24);
    const error = this.#shuttingDown
      ? ESHUTDOWN
      : checkRequest(this.#session, type, flags, offset, length);
    let token = 0;
    if (error === OK && (type === wire.NBD_CMD_READ || type === wire.NBD_CMD_WRITE)) {
      token = this.#executor.budget.reserve(frameBytes(length));
      if (token === 0) {
        this.#neededBytes = frameBytes(length);
        this.#shared.budget.wait(this);
        return this.#stall();
      }
      // Who has what it needs must not look as if it were kept waiting.
      if (this.#neededBytes > 0) this.#shared.budget.forget(this);
      this.#neededBytes = 0;
    }
    this.#input.at += wire.REQUEST_BYTES;
    this.#shared.counters.countRequest(type);
    if (type === wire.NBD_CMD_DISC) {
      this.#over = true;
    } else if (error !== OK) {
      this.#refuse(type, cookieHi, cookieLo, length, error);
    } else if (type === wire.NBD_CMD_BLOCK_STATUS) {
      const onlyOne = (flags & wire.NBD_CMD_FLAG_REQ_ONE) !== 0;
      this.#executor.blockStatus(cookieHi, cookieLo, { offset, length, onlyOne });
    } else {
      this.#start(this.#executor.inFlight.take(cookieHi, cookieLo, token), type, offset, length);
    }
    const worth = type === wire.NBD_CMD_WRITE ? Math.min(length, STEP_BYTES) : length;
    return this.#turnGoesOn(workOf(type, worth));
  }

  #refuse(type: number, cookieHi: number, cookieLo: number, length: number, error: Errno): void {
    if (type !== wire.NBD_CMD_WRITE) {
      this.#executor.reply(type, cookieHi, cookieLo, error);
    } else if (length > this.#shared.limits.drainBytesMax) {
      this.#breakOff();
    } else {
      this.#writes.refuse(cookieHi, cookieLo, length, error);
    }
  }

  #start(entry: InFlight, type: number, offset: number, length: number): void {
    const { request } = entry;
    const { counters } = this.#shared;
    entry.startMs = this.#turn.startMs;
    request.offset = offset;
    request.length = length;
    request.available = 0;
    switch (type) {
      case wire.NBD_CMD_READ:
        request.op = 'read';
        counters.bytesRead += length;
        this.#executor.startRead(entry);
        return;
      case wire.NBD_CMD_WRITE:
        request.op = 'write';
        counters.bytesWritten += length;
        this.#writes.start(entry);
        return;
      case wire.NBD_CMD_TRIM:
        request.op = 'trim';
        counters.bytesTrimmed += length;
        break;
      case wire.NBD_CMD_WRITE_ZEROES:
        request.op = 'zero';
        counters.bytesZeroed += length;
        break;
      default:
        assert(type === wire.NBD_CMD_FLUSH);
        request.op = 'flush';
    }
    this.#executor.startPlain(entry);
  }

  /** The client broke the protocol: what is answered is still sent, nothing more is read. */
  #breakOff(): void {
    this.#endInput();
    this.#executor.replies.flush();
    this.#owner.broken();
  }

  #endInput(): void {
    this.#over = true;
    this.#stalled = false;
    this.#input.at = this.#input.end;
    this.#writes.end();
  }

  #finishIfIdle(): void {
    if (this.#finished || this.#disposed) return;
    if (this.inFlightCount > 0 || this.queuedBytes > 0) return;
    if (!this.#over && !(this.#shuttingDown && !this.#stalled && !this.#writes.isReceiving)) return;
    this.#finished = true;
    this.#over = true;
    this.#owner.finished();
  }

  #releaseInputIfIdle(): void {
    if (this.#disposed && this.inFlightCount === 0) this.#shared.pool.give(this.#input.frame);
  }
}
