/**
 * One client's socket and the two state machines behind it: first the handshake, then transmission.
 * Input arrives in a buffer that is always the same, which accepted sockets do not offer by
 * themselves: the handle of the accepted socket is wrapped anew in a socket with `onread`. Where a
 * version of Node does not have what that needs, 'data' events are copied instead.
 *
 * A stopped socket reports neither the end of its input nor a disconnect, so input only stops while
 * something is bound to start it again: a request that finishes, a reply that leaves, memory that
 * is freed.
 */
import { Socket } from 'node:net';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';
import type { BlkDisk } from '../blk/request.ts';
import { assert } from '../std/assert.ts';
import { Handshake } from './handshake/handshake.ts';
import type { SharedResources } from './shared.ts';
import { Transmission } from './transmission/transmission.ts';
import type { TransmissionOwner } from './transmission/transmission.ts';

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly shared: SharedResources;
  /** What handshakes receive into: one buffer for all, since each chunk is used up at once. */
  readonly handshakeTarget: Uint8Array;
  /** Receive through `onread`; false takes the 'data' events that are the fallback. */
  readonly useOnread: boolean;
  exports(): readonly BlkDisk[];
  connectionClosed(connection: Connection): void;
}

/** The part of a socket's handle that the wrapping relies on; internal to Node. */
interface StreamHandle {
  readonly useUserBuffer?: unknown;
}

/** Ticks that a client gets to close after we have ended the connection. */
const LINGER_TICKS = 3;

export class Connection implements TransmissionOwner {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #handshake: Handshake;
  #transmission: Transmission | undefined;
  #target: Uint8Array;
  /** When it was accepted, and later when it last got on, for the deadlines of `tick`. */
  #movedMs: number;
  /** Bytes received since then; Infinity once a reply has gone. */
  #movedBytes = 0;
  #inputStopped = false;
  #outputPending = false;
  #ending = false;
  #endingTicks = 0;
  readonly #written = (): void => this.#outputWritten();

  /** @param accepted - a paused socket as `pauseOnConnect` makes it */
  constructor(owner: ConnectionOwner, accepted: Socket, nowMs: number) {
    this.#owner = owner;
    this.#movedMs = nowMs;
    this.#target = owner.handshakeTarget;
    this.#handshake = new Handshake(() => owner.exports(), owner.shared.limits);
    this.#socket = this.#wrap(accepted);
    this.#socket.on('end', () => this.#inputEnded());
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => this.#closed());
    this.#sendHandshake();
  }

  /** The disk it transmits for; undefined before. */
  get disk(): BlkDisk | undefined {
    return this.#transmission === undefined ? undefined : this.#handshake.disk;
  }

  /** Looks at the deadlines; called now and then. */
  tick(nowMs: number): void {
    const { limits, budget } = this.#owner.shared;
    const transmission = this.#transmission;
    if (this.#ending) {
      this.#endingTicks += 1;
      if (this.#endingTicks >= LINGER_TICKS) this.#socket.destroy();
      return;
    }
    if (transmission === undefined) {
      // The handshake as a whole has one deadline, whatever moves in it.
      if (nowMs - this.#movedMs >= limits.handshakeMs) this.broken();
      return;
    }
    const needed = transmission.reservedBytes > budget.floorBytes ? limits.stallBytes : 1;
    if (this.#movedBytes >= needed || !transmission.waitsForClient) {
      this.#movedBytes = 0;
      this.#movedMs = nowMs;
    }
    if (budget.hasWaiters && nowMs - this.#movedMs >= limits.stallMs) this.broken();
  }

  /** Ends the connection when what is under way is answered. */
  shutDown(): void {
    if (this.#transmission === undefined) this.finished();
    else this.#transmission.shutDown();
  }

  /** Ends the connection now. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** {@link TransmissionOwner} */
  send(segments: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.destroyed || this.#ending) return true;
    const last = segments.length - 1;
    if (last > 0) socket.cork();
    for (let index = 0; index < last; index += 1) {
      const segment = segments[index];
      if (segment !== undefined) socket.write(segment);
    }
    const final = segments[last];
    if (final !== undefined) socket.write(final, this.#written);
    if (last > 0) socket.uncork();
    // The system mostly takes all of it at once; then the memory can be used again at once.
    this.#outputPending = socket.writableLength > 0;
    this.#movedBytes = Infinity;
    return !this.#outputPending;
  }

  /** {@link TransmissionOwner} */
  resumeInput(): void {
    if (!this.#inputStopped) return;
    this.#inputStopped = false;
    // Never inside the callback of a chunk: there the return value would stop input for good.
    this.#socket.resume();
  }

  /** {@link TransmissionOwner} */
  finished(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#socket.end();
    // Read on, and drop it, until the client has closed too: closing a TCP socket with input unread
    // would reset it, and the client could lose the last replies.
    this.#inputStopped = true;
    this.resumeInput();
  }

  /** {@link TransmissionOwner} */
  broken(): void {
    this.#owner.shared.counters.connectionsDropped += 1;
    this.#socket.destroy();
  }

  #wrap(accepted: Socket): Socket {
    const inner = accepted as unknown as { _handle: StreamHandle | null };
    const handle = inner._handle;
    if (!this.#owner.useOnread || typeof handle?.useUserBuffer !== 'function') {
      accepted.on('data', (chunk: Uint8Array) => this.#dataEvent(chunk));
      accepted.resume();
      return accepted;
    }
    inner._handle = null;
    const onread: OnReadOpts = {
      buffer: () => this.#target,
      callback: (bytes) => this.#received(bytes),
    };
    const options: SocketConstructorOpts & { handle: StreamHandle; onread: OnReadOpts } = {
      handle,
      onread,
      allowHalfOpen: true,
    };
    const socket = new Socket(options);
    // The server counts the accepted socket.
    socket.once('close', () => accepted.destroy());
    return socket;
  }

  #dataEvent(chunk: Uint8Array): void {
    let goes = true;
    for (let from = 0; from < chunk.length;) {
      // A chunk can be longer than the target, and can end the handshake in its middle.
      const bytes = Math.min(chunk.length - from, this.#target.length);
      if (!goes) {
        this.#socket.unshift(chunk.subarray(from));
        break;
      }
      this.#target.set(chunk.subarray(from, from + bytes));
      from += bytes;
      goes = this.#received(bytes);
    }
    if (!goes) this.#socket.pause();
  }

  /** `bytes` lie in the target. Returns false to stop input. */
  #received(bytes: number): boolean {
    this.#movedBytes += bytes;
    if (this.#ending) return true;
    if (this.#transmission === undefined) {
      this.#handshake.push(this.#target.subarray(0, bytes));
      this.#inputStopped = false;
      this.#advanceHandshake();
    } else {
      const { haltPoll } = this.#owner.shared;
      haltPoll.begin();
      this.#inputStopped = !this.#transmission.received(bytes);
      haltPoll.end();
    }
    return !this.#inputStopped;
  }

  /** Steps through what is there; stops input while the client does not read the answers. */
  #advanceHandshake(): void {
    const { limits } = this.#owner.shared;
    for (;;) {
      if (this.#socket.writableLength > limits.optionReplyBytesMax) {
        this.#inputStopped = true;
        return;
      }
      const step = this.#handshake.step();
      this.#sendHandshake();
      switch (step) {
        case 'again':
          break;
        case 'more':
          return;
        case 'transmit':
          this.#beginTransmission();
          return;
        case 'close':
          this.finished();
          return;
        case 'drop':
          this.broken();
          return;
      }
    }
  }

  #sendHandshake(): void {
    if (this.#handshake.out.length === 0 || this.#socket.destroyed) return;
    this.#socket.write(this.#handshake.out.take(), this.#written);
  }

  #beginTransmission(): void {
    const { shared } = this.#owner;
    const { disk, structured, hasStatus, rest } = this.#handshake;
    assert(disk !== undefined);
    const transmission = new Transmission(shared, { disk, structured, hasStatus }, this);
    this.#transmission = transmission;
    this.#movedMs = shared.rt.nowMs();
    this.#target = transmission.target;
    if (rest.length === 0) return;
    assert(rest.length <= this.#target.length);
    this.#target.set(rest);
    this.#inputStopped = !transmission.received(rest.length);
  }

  #outputWritten(): void {
    if (this.#socket.destroyed || this.#socket.writableLength > 0) return;
    if (this.#transmission === undefined) {
      if (!this.#inputStopped) return;
      this.#inputStopped = false;
      this.#advanceHandshake();
      if (!this.#inputStopped) this.#socket.resume();
    } else if (this.#outputPending) {
      this.#outputPending = false;
      this.#movedBytes = Infinity;
      this.#transmission.sent();
    }
  }

  #inputEnded(): void {
    if (this.#transmission === undefined) this.finished();
    else this.#transmission.inputEnded();
  }

  #closed(): void {
    this.#ending = true;
    this.#transmission?.dispose();
    this.#owner.connectionClosed(this);
  }
}
