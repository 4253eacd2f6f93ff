/**
 * The NBD server: listens on Unix sockets, TCP addresses and inherited descriptors, and serves the
 * exports it is shown on each connection. Connections share one pool of memory and one account of
 * it. Where other threads serve the exports, one server does the handshakes and hands connections
 * over, and those of the other threads adopt them.
 */
import { closeSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import type { BlkDisk } from '../blk/request.ts';
import type { Rt } from '../rt/rt.ts';
import { assert } from '../std/assert.ts';
import { ZswapError } from '../std/error.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection.ts';
import type { NbdCounters } from './counters.ts';
import type { RequestTimes } from './transmission/request-times.ts';
import type { NbdExport } from './handshake/handshake.ts';
import { HANDSHAKE_RECEIVE_BYTES, resolveLimits } from './limits.ts';
import type { NbdLimits } from './limits.ts';
import { SharedResources } from './shared.ts';
import { DescriptorKeeper, type HandedConnection } from './socket/handover.ts';
import type { StreamHandle } from './socket/handle.ts';
import { descriptorOf } from './socket/input.ts';
import { listen, nameOf, type ListenTarget } from './socket/listening.ts';

export interface NbdServerOptions {
  /** The exports at this moment, asked for at each option; the first is the default one. */
  readonly exports: () => readonly BlkDisk[];
  readonly rt: Rt;
  /** Overrides of the default limits. */
  readonly limits?: Partial<NbdLimits>;
  /** False receives through 'data' events instead of one preallocated buffer. Default true. */
  readonly useOnread?: boolean;
}

export interface NbdServer {
  /** What it has done so far. */
  readonly counters: NbdCounters;
  /** How long requests have taken, by command. */
  readonly times: RequestTimes;
  readonly limits: NbdLimits;
  /** Connections that are open. */
  readonly connectionCount: number;
  /** Bytes reserved for requests under way and replies not yet sent. */
  readonly reservedBytes: number;
  /** Bytes of free buffers kept for reuse. */
  readonly pooledBytes: number;
  /**
   * Listens on a Unix socket that only this user may connect to (mode 0600). The socket of a server
   * that is gone is replaced.
   *
   * @throws ZswapError ZSWAP_LISTEN
   */
  listenUnix(path: string): Promise<void>;
  /**
   * Listens on a TCP address.
   *
   * @param port - 0 picks a free one
   * @returns the port
   * @throws ZswapError ZSWAP_LISTEN
   */
  listenTcp(host: string, port: number): Promise<number>;
  /**
   * Listens on a socket that another process has bound and passed on (socket activation).
   *
   * @throws ZswapError ZSWAP_LISTEN
   */
  listenFd(fd: number): Promise<void>;
  /**
   * Ends the connections of a disk that is no longer among the exports: what is under way is
   * finished and answered, what still comes is answered ESHUTDOWN, and what is not finished after
   * `closeMs` is cut off. Returns at once.
   */
  endConnections(disk: NbdExport): void;
  /**
   * Stops accepting, finishes what is under way, answers ESHUTDOWN to what still comes, and ends
   * the connections; what is not finished after `closeMs` is cut off. May be called more than once.
   */
  close(): Promise<void>;
}

/** A server that hands connections over when their handshake is done. */
export interface NbdRouter extends NbdServer {
  /**
   * Ends a connection that was handed over, because who got it has finished with it. They close
   * their descriptor when the promise resolves.
   */
  takeBack(fd: number): Promise<void>;
}

export interface NbdRouterOptions extends Pick<NbdServerOptions, 'rt' | 'limits'> {
  /** As in {@link NbdServerOptions}, but served elsewhere. */
  readonly exports: () => readonly NbdExport[];
  /** Gets each connection whose handshake is done, for one of the exports at this moment. */
  readonly handOver: (handed: HandedConnection) => void;
}

/** A server that goes on with connections of an {@link NbdRouter} on another thread. */
export interface NbdAdopter extends NbdServer {
  /**
   * Goes on with a connection.
   *
   * @param giveBack - tells the router; see {@link NbdRouter.takeBack}
   */
  adopt(handed: HandedConnection, giveBack: (fd: number) => Promise<void>): void;
}

/** Makes a server that listens nowhere yet. */
export function createNbdServer(options: NbdServerOptions): NbdServer {
  return createNbdAdopter(options);
}

/** Makes a server that goes on with the connections of a router. */
export function createNbdAdopter(options: NbdServerOptions): NbdAdopter {
  const diskOf = ({ name }: NbdExport): BlkDisk | undefined =>
    options.exports().find((disk) => disk.name === name);
  const handOver = (): void => assert(false, 'an export that is not offered was chosen');
  return new SocketServer({ ...options, diskOf, handOver });
}

/** Makes a router that listens nowhere yet. */
export function createNbdRouter(options: NbdRouterOptions): NbdRouter {
  return new SocketServer({ ...options, diskOf: () => undefined });
}

interface SocketServerOptions extends NbdRouterOptions {
  readonly diskOf: (chosen: NbdExport) => BlkDisk | undefined;
  readonly useOnread?: boolean;
}

class SocketServer implements NbdRouter, NbdAdopter, ConnectionOwner {
  readonly shared: SharedResources;
  readonly handshakeTarget: Uint8Array = new Uint8Array(HANDSHAKE_RECEIVE_BYTES);
  readonly useOnread: boolean;
  readonly exports: () => readonly NbdExport[];
  readonly diskOf: (chosen: NbdExport) => BlkDisk | undefined;
  readonly #handOver: (handed: HandedConnection) => void;
  readonly #keeper: DescriptorKeeper;
  readonly #rt: Rt;
  readonly #listeners: Server[] = [];
  readonly #connections = new Set<Connection>();
  /** Until when the connections of disks that have gone may take. */
  readonly #endDeadlines = new Map<NbdExport, number>();
  #ticking = false;
  #closing: Promise<void> | undefined;
  #closeDeadlineMs = Number.POSITIVE_INFINITY;
  #allClosed: (() => void) | undefined;

  constructor(options: SocketServerOptions) {
    this.exports = options.exports;
    this.diskOf = options.diskOf;
    this.#handOver = options.handOver;
    this.#keeper = new DescriptorKeeper(options.rt);
    this.useOnread = options.useOnread ?? true;
    this.#rt = options.rt;
    this.shared = new SharedResources(options.rt, resolveLimits(options.limits));
  }

  get counters(): NbdCounters {
    return this.shared.counters;
  }

  get times(): RequestTimes {
    return this.shared.times;
  }

  get limits(): NbdLimits {
    return this.shared.limits;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get reservedBytes(): number {
    return this.shared.budget.reservedBytes;
  }

  get pooledBytes(): number {
    return this.shared.pool.pooledBytes;
  }

  async listenUnix(path: string): Promise<void> {
    await this.#listen({ kind: 'unix', path });
  }

  async listenTcp(host: string, port: number): Promise<number> {
    const server = await this.#listen({ kind: 'tcp', host, port });
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : port;
  }

  async listenFd(fd: number): Promise<void> {
    await this.#listen({ kind: 'fd', fd });
  }

  endConnections(disk: NbdExport): void {
    const ending = [...this.#connections].filter((connection) => connection.disk === disk);
    if (ending.length === 0) return;
    this.#endDeadlines.set(disk, this.#rt.nowMs() + this.shared.limits.closeMs);
    for (const connection of ending) connection.shutDown();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link ConnectionOwner} */
  handOver(handed: HandedConnection, handle: StreamHandle): void {
    this.#keeper.keep(handed.fd, handle);
    this.#handOver(handed);
  }

  takeBack(fd: number): Promise<void> {
    return this.#keeper.close(fd);
  }

  adopt(handed: HandedConnection, giveBack: (fd: number) => Promise<void>): void {
    const { fd, exportName } = handed;
    const disk = this.diskOf({ name: exportName, sizeBytes: 0 });
    if (disk === undefined || this.#closing !== undefined) {
      // It has gone while the connection was on its way.
      void giveBack(fd).then(() => closeSync(fd));
      return;
    }
    const beforeClose = (close: () => void): void => {
      void this.#loopGoesRound()
        .then(() => giveBack(fd))
        .then(close);
    };
    this.#add(Connection.adopt(this, handed, disk, beforeClose));
  }

  /**
   * Lets the event loop go round. What a handle does not wait for any more is told to the system at
   * the beginning of a round, by number: if that is nobody's by then, libuv ends the process. A
   * socket that is cut off with output under way has such a change to tell.
   */
  async #loopGoesRound(): Promise<void> {
    // The first turn comes at the end of the round under way.
    await this.#rt.yieldNow();
    await this.#rt.yieldNow();
  }

  /** {@link ConnectionOwner} */
  connectionClosed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#allClosed?.();
  }

  async #listen(target: ListenTarget): Promise<Server> {
    if (this.#closing !== undefined) {
      const message = `cannot listen on ${nameOf(target)}: the server is closed`;
      throw new ZswapError('ZSWAP_LISTEN', message);
    }
    const server = await listen(target, (socket) => this.#accept(socket));
    this.#listeners.push(server);
    return server;
  }

  #accept(socket: Socket): void {
    const { counters, limits } = this.shared;
    const count = this.#connections.size + this.#keeper.count;
    const isFull = count >= limits.connectionsMax || this.#closing !== undefined;
    // A number can be handed over again when the other thread has closed it.
    if (isFull || this.#keeper.awaits(descriptorOf(socket))) {
      counters.connectionsRefused += 1;
      socket.destroy();
      return;
    }
    counters.connectionsAccepted += 1;
    this.#add(Connection.accept(this, socket, this.#rt.nowMs()));
  }

  #add(connection: Connection): void {
    this.#connections.add(connection);
    if (!this.#ticking) void this.#tick();
  }

  /** Looks at all deadlines from time to time, as long as there are connections. */
  async #tick(): Promise<void> {
    this.#ticking = true;
    while (this.#connections.size > 0) {
      await this.#rt.sleep(this.shared.limits.tickMs);
      const nowMs = this.#rt.nowMs();
      for (const connection of this.#connections) {
        if (nowMs >= this.#deadlineOf(connection)) connection.destroy();
        else connection.tick(nowMs);
      }
      for (const [disk, deadlineMs] of this.#endDeadlines) {
        if (nowMs >= deadlineMs) this.#endDeadlines.delete(disk);
      }
    }
    this.#endDeadlines.clear();
    this.#ticking = false;
  }

  #deadlineOf({ disk }: Connection): number {
    const endMs = disk === undefined ? undefined : this.#endDeadlines.get(disk);
    return Math.min(this.#closeDeadlineMs, endMs ?? Infinity);
  }

  async #close(): Promise<void> {
    const closed = this.#listeners.map(
      (server) => new Promise<void>((resolve) => void server.close(() => resolve())),
    );
    this.#closeDeadlineMs = this.#rt.nowMs() + this.shared.limits.closeMs;
    const allClosed = new Promise<void>((resolve) => {
      this.#allClosed = resolve;
    });
    for (const connection of this.#connections) connection.shutDown();
    if (this.#connections.size > 0) await allClosed;
    await this.#keeper.empty();
    await Promise.all(closed);
  }
}
