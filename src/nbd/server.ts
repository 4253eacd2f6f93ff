/**
 * The NBD server: listens on Unix sockets, TCP addresses and inherited descriptors, and serves the
 * exports it is shown on each connection. Connections share one pool of memory and one account of
 * it.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { BlkDisk } from '../blk/request.ts';
import type { Rt } from '../rt/rt.ts';
import { ZswapError } from '../std/error.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection.ts';
import type { NbdCounters } from './counters.ts';
import type { RequestTimes } from './transmission/request-times.ts';
import { HANDSHAKE_RECEIVE_BYTES, resolveLimits } from './limits.ts';
import type { NbdLimits } from './limits.ts';
import { SharedResources } from './shared.ts';

/** Clients that may wait to be accepted; the system may allow fewer. */
const BACKLOG = 1024;

/** Silence on a TCP connection after which the system asks whether the peer is still there. */
const KEEP_ALIVE_MS = 60_000;

/** Bytes that `sun_path` holds before its closing zero; a longer path would be cut silently. */
const PATH_BYTES_MAX = 107;

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
  endConnections(disk: BlkDisk): void;
  /**
   * Stops accepting, finishes what is under way, answers ESHUTDOWN to what still comes, and ends
   * the connections; what is not finished after `closeMs` is cut off. May be called more than once.
   */
  close(): Promise<void>;
}

/** Makes a server that listens nowhere yet. */
export function createNbdServer(options: NbdServerOptions): NbdServer {
  return new SocketServer(options);
}

class SocketServer implements NbdServer, ConnectionOwner {
  readonly shared: SharedResources;
  readonly handshakeTarget: Uint8Array = new Uint8Array(HANDSHAKE_RECEIVE_BYTES);
  readonly useOnread: boolean;
  readonly exports: () => readonly BlkDisk[];
  readonly #rt: Rt;
  readonly #listeners: Server[] = [];
  readonly #connections = new Set<Connection>();
  /** Until when the connections of disks that have gone may take. */
  readonly #endDeadlines = new Map<BlkDisk, number>();
  #ticking = false;
  #closing: Promise<void> | undefined;
  #closeDeadlineMs = Number.POSITIVE_INFINITY;
  #allClosed: (() => void) | undefined;

  constructor(options: NbdServerOptions) {
    this.exports = options.exports;
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
    await clearUnixPath(path);
    await this.#listen(`unix:${path}`, (server) => bindPrivately(server, path));
  }

  async listenTcp(host: string, port: number): Promise<number> {
    const server = await this.#listen(`${host}:${port}`, (made) =>
      made.listen({ host, port, backlog: BACKLOG }),
    );
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : port;
  }

  async listenFd(fd: number): Promise<void> {
    await this.#listen(`fd:${fd}`, (server) => server.listen({ fd, backlog: BACKLOG }));
  }

  endConnections(disk: BlkDisk): void {
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
  connectionClosed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#allClosed?.();
  }

  async #listen(address: string, bind: (server: Server) => void): Promise<Server> {
    if (this.#closing !== undefined) {
      throw new ZswapError('ZSWAP_LISTEN', `cannot listen on ${address}: the server is closed`);
    }
    const server = createServer(
      // A dead TCP peer is noticed by the system; requests must not wait for one another's packets.
      {
        pauseOnConnect: true,
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      },
      (socket) => this.#accept(socket),
    );
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.once('listening', resolve);
        bind(server);
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ZswapError('ZSWAP_LISTEN', `cannot listen on ${address}: ${why}`, { cause: error });
    }
    // Accepting can fail for want of descriptors; those who are connected go on.
    server.removeAllListeners('error');
    server.on('error', () => {});
    this.#listeners.push(server);
    return server;
  }

  #accept(socket: Socket): void {
    const { counters, limits } = this.shared;
    if (this.#connections.size >= limits.connectionsMax || this.#closing !== undefined) {
      counters.connectionsRefused += 1;
      socket.destroy();
      return;
    }
    counters.connectionsAccepted += 1;
    this.#connections.add(new Connection(this, socket, this.#rt.nowMs()));
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
    await Promise.all(closed);
  }
}

/** Binds with a mask that leaves the socket to its owner. `listen` binds before it returns. */
function bindPrivately(server: Server, path: string): void {
  let before: number;
  try {
    before = process.umask(0o177);
  } catch {
    // A worker thread may not change the mask; nobody is accepted before this section ends.
    server.listen({ path, backlog: BACKLOG });
    chmodSync(path, 0o600);
    return;
  }
  try {
    server.listen({ path, backlog: BACKLOG });
  } finally {
    process.umask(before);
  }
}

/**
 * Makes sure that nothing is at `path`: the socket of a dead server is removed, anything else that
 * is there is a mistake.
 *
 * @throws ZswapError ZSWAP_LISTEN if the path is too long, holds something that is no socket, or a
 *   server answers there
 */
async function clearUnixPath(path: string): Promise<void> {
  if (path === '' || Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw refuse(path, `a socket path takes 1 to ${PATH_BYTES_MAX} bytes`);
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) throw refuse(path, 'there is a file that is no socket');
  const code = await probe(path);
  if (code === undefined) throw refuse(path, 'another server is listening there');
  if (code !== 'ECONNREFUSED') throw refuse(path, `cannot tell whether it is in use (${code})`);
  unlinkSync(path);
}

/** Connects to see who is there; the error's code, or undefined if somebody answers. */
function probe(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function refuse(path: string, why: string): ZswapError {
  return new ZswapError('ZSWAP_LISTEN', `cannot listen on unix:${path}: ${why}`);
}
