/**
 * One client's socket and the two state machines behind it: first the handshake, then transmission.
 * Where another thread serves the export, the connection ends here after the handshake and begins
 * there with transmission.
 *
 * A stopped socket reports neither the end of its input nor a disconnect, so input only stops while
 * something is bound to start it again: a request that finishes, a reply that leaves, memory that
 * is freed.
 */
import type { Socket } from 'node:net';
import type { BlkDisk } from '../blk/request.ts';
import { assert } from '../std/assert.ts';
import { Handshake, type NbdExport } from './handshake/handshake.ts';
import { Progress } from './progress.ts';
import type { SharedResources } from './shared.ts';
import type { HandedConnection } from './socket/handover.ts';
import type { StreamHandle } from './socket/handle.ts';
import { detachHandle, receiveFrom, receiveFromDescriptor } from './socket/input.ts';
import type { InputOwner } from './socket/input.ts';
import { Transmission } from './transmission/transmission.ts';
import type { TransmissionOwner } from './transmission/transmission.ts';

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly shared: SharedResources;
  /** What handshakes receive into: one buffer for all, since each chunk is used up at once. */
  readonly handshakeTarget: Uint8Array;
  /** Receive through `onread`; false takes the 'data' events that are the fallback. */
  readonly useOnread: boolean;
  exports(): readonly NbdExport[];
  /** The disk of an export; undefined if another thread serves it. */
  diskOf(chosen: NbdExport): BlkDisk | undefined;
  /** The handshake is done, and the rest of the connection is for another thread. */
  handOver(handed: HandedConnection, handle: StreamHandle): void;
  connectionClosed(connection: Connection): void;
}

/** What transmission begins with. */
interface Agreed {
  readonly disk: BlkDisk;
  readonly structured: boolean;
  readonly hasStatus: boolean;
}

/** Ticks that a client gets to close after we have ended the connection. */
const LINGER_TICKS = 3;

export class Connection implements TransmissionOwner, InputOwner {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  /** Undefined for a connection that begins with transmission. */
  readonly #handshake: Handshake | undefined;
  #transmission: Transmission | undefined;
  #disk: BlkDisk | undefined;
  #target: Uint8Array;
  /** Since it was accepted, and later since it last got on. */
  readonly #progress: Progress;
  #inputStopped = false;
  #outputPending = false;
  /** The handshake is done; its last answers have to leave before another thread goes on. */
  #handingOver = false;
  #ending = false;
  #endingTicks = 0;
  readonly #written = (): void => this.#outputWritten();

  private constructor(
    owner: ConnectionOwner,
    nowMs: number,
    begin: Handshake | Agreed,
    open: (input: InputOwner) => Socket,
  ) {
    this.#owner = owner;
    this.#progress = new Progress(nowMs);
    this.#target = owner.handshakeTarget;
    this.#handshake = begin instanceof Handshake ? begin : undefined;
    // A socket asks for the first buffer when it is made.
    if (!(begin instanceof Handshake)) this.#createTransmission(begin);
    this.#socket = open(this);
    this.#socket.on('end', () => this.#inputEnded());
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => this.#closed());
  }

  /** @param accepted - a paused socket as `pauseOnConnect` makes it */
  static accept(owner: ConnectionOwner, accepted: Socket, nowMs: number): Connection {
    const handshake = new Handshake(() => owner.exports(), owner.shared.limits);
    const connection = new Connection(owner, nowMs, handshake, (input) =>
      receiveFrom(accepted, input, owner.useOnread),
    );
    connection.#sendHandshake(handshake);
    return connection;
  }

  /**
   * Goes on with a connection whose handshake another thread has done.
   *
   * @param beforeClose - see {@link receiveFromDescriptor}
   */
  static adopt(
    owner: ConnectionOwner,
    handed: HandedConnection,
    disk: BlkDisk,
    beforeClose: (close: () => void) => void,
  ): Connection {
    const nowMs = owner.shared.rt.nowMs();
    const connection = new Connection(owner, nowMs, { ...handed, disk }, (input) =>
      receiveFromDescriptor(handed.fd, input, beforeClose),
    );
    connection.#receiveRest(handed.rest);
    // A socket on a descriptor reads from the beginning.
    if (connection.#inputStopped) connection.#socket.pause();
    return connection;
  }

  /** The disk it transmits for; undefined before. */
  get disk(): BlkDisk | undefined {
    return this.#disk;
  }

  /** {@link InputOwner} */
  target(): Uint8Array {
    return this.#target;
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
      if (this.#progress.ageMs(nowMs) >= limits.handshakeMs) this.broken();
      return;
    }
    const needed = transmission.reservedBytes > budget.floorBytes ? limits.stallBytes : 1;
    if (this.#progress.has(needed) || !transmission.waitsForClient) this.#progress.restart(nowMs);
    if (budget.hasWaiters && this.#progress.ageMs(nowMs) >= limits.stallMs) this.broken();
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
    this.#progress.replied();
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

  /** {@link InputOwner} */
  received(bytes: number): boolean {
    this.#progress.received(bytes);
    if (this.#ending) return true;
    if (this.#transmission !== undefined) {
      const { haltPoll } = this.#owner.shared;
      haltPoll.begin();
      this.#inputStopped = !this.#transmission.received(bytes);
      haltPoll.end();
    } else if (this.#handshake !== undefined) {
      this.#handshake.push(this.#target.subarray(0, bytes));
      this.#inputStopped = false;
      this.#advanceHandshake(this.#handshake);
    }
    return !this.#inputStopped;
  }

  /** Steps through what is there; stops input while the client does not read the answers. */
  #advanceHandshake(handshake: Handshake): void {
    const { limits } = this.#owner.shared;
    for (;;) {
      if (this.#socket.writableLength > limits.optionReplyBytesMax) {
        this.#inputStopped = true;
        return;
      }
      const step = handshake.step();
      this.#sendHandshake(handshake);
      switch (step) {
        case 'again':
          break;
        case 'more':
          return;
        case 'transmit':
          this.#handshakeDone(handshake);
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

  #sendHandshake({ out }: Handshake): void {
    if (out.length === 0 || this.#socket.destroyed) return;
    this.#socket.write(out.take(), this.#written);
  }

  #handshakeDone({ disk: chosen, structured, hasStatus, rest }: Handshake): void {
    assert(chosen !== undefined);
    const disk = this.#owner.diskOf(chosen);
    if (disk !== undefined) {
      this.#createTransmission({ disk, structured, hasStatus });
      this.#receiveRest(rest);
      return;
    }
    this.#handingOver = true;
    this.#inputStopped = true;
    this.#handOverIfSent();
  }

  #createTransmission({ disk, structured, hasStatus }: Agreed): void {
    const { shared } = this.#owner;
    const transmission = new Transmission(shared, { disk, structured, hasStatus }, this);
    this.#transmission = transmission;
    this.#disk = disk;
    this.#progress.restart(shared.rt.nowMs());
    this.#target = transmission.target;
  }

  /** Input that came with the end of the handshake. */
  #receiveRest(rest: Uint8Array): void {
    if (rest.length === 0) return;
    assert(rest.length <= this.#target.length);
    this.#target.set(rest);
    this.#inputStopped = this.#transmission?.received(rest.length) === false;
  }

  #handOverIfSent(): void {
    const handshake = this.#handshake;
    if (this.#ending || this.#socket.writableLength > 0 || handshake?.disk === undefined) return;
    // Meanwhile it may have gone, and another one may have come under its name.
    if (!this.#owner.exports().includes(handshake.disk)) {
      this.finished();
      return;
    }
    this.#ending = true;
    const detached = detachHandle(this.#socket);
    if (detached === undefined) {
      this.broken();
      return;
    }
    const { structured, hasStatus, rest, disk } = handshake;
    this.#owner.handOver(
      { fd: detached.fd, exportName: disk.name, structured, hasStatus, rest: rest.slice() },
      detached.handle,
    );
  }

  #outputWritten(): void {
    if (this.#socket.destroyed || this.#socket.writableLength > 0) return;
    if (this.#handingOver) {
      this.#handOverIfSent();
    } else if (this.#transmission === undefined) {
      if (!this.#inputStopped || this.#handshake === undefined) return;
      this.#inputStopped = false;
      this.#advanceHandshake(this.#handshake);
      if (!this.#inputStopped) this.#socket.resume();
    } else if (this.#outputPending) {
      this.#outputPending = false;
      this.#progress.replied();
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
