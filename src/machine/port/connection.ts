/**
 * The client's end of a connection: requests wait in line until as many as may be under way are
 * fewer, and those of one turn go in one message.
 */
import type { Rt, Task } from '../../rt/rt.ts';
import { assert } from '../../std/assert.ts';
import { ZswapError } from '../../std/error.ts';
import { Ring } from '../../std/ring.ts';
import { decodeError } from '../../std/portable-error.ts';
import { UnderWay } from '../under-way.ts';
import type { AbortSignalLike } from '../api.ts';
import type { PortLike } from './api.ts';
import {
  BYTES_MAX,
  REQUESTS_MAX,
  type PortReply,
  type PortRequest,
  type PortValue,
} from './protocol.ts';

/** A request without the number that it is given when it is sent. */
type Unsent<T> = T extends unknown ? Omit<T, 'id'> : never;
export type Message = Unsent<PortRequest>;

/** A request, made when its turn has come, so that what it carries is copied no earlier. */
class Call {
  readonly make: () => Message;
  readonly bytes: number;
  readonly #signal: AbortSignalLike | undefined;
  readonly #resolve: (value: PortValue) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #abandoned: (call: Call) => void;
  /** 0: not sent yet. */
  id = 0;
  over = false;
  readonly #onAbort = (): void => {
    const { reason } = this.#signal as AbortSignalLike;
    this.end();
    this.#abandoned(this);
    this.#reject(reason);
  };

  constructor(
    make: () => Message,
    bytes: number,
    signal: AbortSignalLike | undefined,
    resolve: (value: PortValue) => void,
    reject: (reason: unknown) => void,
    abandoned: (call: Call) => void,
  ) {
    this.make = make;
    this.bytes = bytes;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#abandoned = abandoned;
    signal?.addEventListener('abort', this.#onAbort);
  }

  end(): void {
    this.over = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  succeed(value: PortValue): void {
    if (this.over) return;
    this.end();
    this.#resolve(value);
  }

  fail(error: unknown): void {
    if (this.over) return;
    this.end();
    this.#reject(error);
  }
}

export class PortConnection implements Task {
  readonly #port: PortLike;
  readonly #rt: Rt;
  readonly #waiting = new Ring<Call>();
  /** A call with too many bytes for now, which is next. */
  #next: Call | undefined;
  readonly #underWay = new Map<number, Call>();
  #requests = 0;
  #bytes = 0;
  #nextId = 1;
  #abandoned: PortRequest[] = [];
  #flushing = false;
  readonly #calls = new UnderWay();
  #closing = false;
  #closed = false;

  constructor(port: PortLike, rt: Rt) {
    this.#port = port;
    this.#rt = rt;
    port.on('message', (batch) => this.#receive(batch as readonly PortReply[]));
    port.on('close', () => this.#end());
  }

  /**
   * Sends a request when its turn has come; the promise has the reply.
   *
   * @param make - makes it, at that time
   * @param bytes - it takes of what may be under way
   */
  call(make: () => Message, bytes = 0, signal?: AbortSignalLike): Promise<PortValue> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.#closing) return Promise.reject(closed());
    return this.#call(make, bytes, signal);
  }

  /** Takes nothing new, waits for what is under way, and ends with a last request. */
  async close(last: () => Message): Promise<void> {
    this.#closing = true;
    await this.#calls.settled();
    try {
      if (!this.#closed) await this.#call(last, 0, undefined);
    } finally {
      this.#port.close();
      this.#end();
    }
  }

  async #call(
    make: () => Message,
    bytes: number,
    signal: AbortSignalLike | undefined,
  ): Promise<PortValue> {
    this.#calls.begin();
    try {
      return await new Promise<PortValue>((resolve, reject) => {
        const call = new Call(make, bytes, signal, resolve, reject, (it) => this.#abandon(it));
        this.#waiting.push(call);
        this.#flushSoon();
      });
    } finally {
      this.#calls.end();
    }
  }

  /** Sends what may be sent. */
  resume(): void {
    this.#flushing = false;
    if (this.#closed) return;
    const batch = this.#abandoned;
    const transfers: ArrayBuffer[] = [];
    this.#abandoned = [];
    for (let call = this.#take(); call !== undefined; call = this.#take()) {
      if (!call.over) this.#send(call, batch, transfers);
    }
    if (batch.length > 0) this.#port.postMessage(batch, transfers);
  }

  /** The next call that may be under way, or one that is over. */
  #take(): Call | undefined {
    const call = this.#next ?? this.#waiting.shift();
    this.#next = undefined;
    if (call === undefined || call.over) return call;
    const fits = this.#requests < REQUESTS_MAX && this.#bytes + call.bytes <= BYTES_MAX;
    if (fits) return call;
    this.#next = call;
    return undefined;
  }

  #send(call: Call, batch: PortRequest[], transfers: ArrayBuffer[]): void {
    let message: Message;
    try {
      message = call.make();
    } catch (error) {
      call.fail(error);
      return;
    }
    call.id = this.#nextId;
    this.#nextId += 1;
    this.#underWay.set(call.id, call);
    this.#requests += 1;
    this.#bytes += call.bytes;
    if ('bytes' in message && message.bytes instanceof Uint8Array) {
      transfers.push(message.bytes.buffer);
    }
    batch.push({ ...message, id: call.id });
  }

  #receive(batch: readonly PortReply[]): void {
    for (const reply of batch) {
      const call = this.#underWay.get(reply.id);
      assert(call !== undefined, 'a reply to nothing');
      this.#underWay.delete(reply.id);
      this.#requests -= 1;
      this.#bytes -= call.bytes;
      if ('error' in reply) call.fail(decodeError(reply.error));
      else call.succeed(reply.value);
    }
    this.#flushSoon();
  }

  #abandon(call: Call): void {
    if (call.id === 0) return;
    this.#abandoned.push({ id: 0, op: 'abandon', request: call.id });
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#rt.wake(this);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing = true;
    for (const call of this.#underWay.values()) call.fail(closed());
    this.#underWay.clear();
    this.#next?.fail(closed());
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      call.fail(closed());
    }
  }
}

function closed(): ZswapError {
  return new ZswapError('ZSWAP_CLOSED', 'the connection to the machine is closed');
}
