/**
 * Listening sockets: on a Unix socket that only this user may connect to, on a TCP address, or on a
 * descriptor that another process has bound.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { ZswapError } from '../../std/error.ts';

/** Clients that may wait to be accepted; the system may allow fewer. */
const BACKLOG = 1024;

/** Silence on a TCP connection after which the system asks whether the peer is still there. */
const KEEP_ALIVE_MS = 60_000;

/** Bytes that `sun_path` holds before its closing zero; a longer path would be cut silently. */
const PATH_BYTES_MAX = 107;

/** Where to listen. */
export type ListenTarget =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'fd'; readonly fd: number };

/**
 * Listens, and gives each accepted socket, paused, to `accept`.
 *
 * @throws ZswapError ZSWAP_LISTEN
 */
export async function listen(
  target: ListenTarget,
  accept: (socket: Socket) => void,
): Promise<Server> {
  if (target.kind === 'unix') await clearUnixPath(target.path);
  const server = createServer(
    // A dead TCP peer is noticed by the system; requests must not wait for one another's packets.
    {
      pauseOnConnect: true,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    },
    accept,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', resolve);
      bind(server, target);
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `cannot listen on ${nameOf(target)}: ${why}`;
    throw new ZswapError('ZSWAP_LISTEN', message, { cause: error });
  }
  // Accepting can fail for want of descriptors; those who are connected go on.
  server.removeAllListeners('error');
  server.on('error', () => {});
  return server;
}

/** A target as messages name it. */
export function nameOf(target: ListenTarget): string {
  switch (target.kind) {
    case 'unix':
      return `unix:${target.path}`;
    case 'tcp':
      return `${target.host}:${target.port}`;
    case 'fd':
      return `fd:${target.fd}`;
  }
}

function bind(server: Server, target: ListenTarget): void {
  switch (target.kind) {
    case 'unix':
      bindPrivately(server, target.path);
      return;
    case 'tcp':
      server.listen({ host: target.host, port: target.port, backlog: BACKLOG });
      return;
    case 'fd':
      server.listen({ fd: target.fd, backlog: BACKLOG });
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
