/**
 * Unix socket files: taking over the one that a dead process left behind, never that of a live one.
 */
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { ZswapError } from '../../std/error.ts';
import { formatHostPort, type HostPort } from '../options/values.ts';

/** Whether somebody accepts connections at the path. */
async function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.destroy();
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // A listener whose backlog is full is alive too.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

/**
 * Makes a path free for a new socket.
 *
 * @param option - the option to name in messages, such as `--control`
 * @throws ZswapError `ZSWAP_LISTEN` if a process listens there, or something else than a socket is
 */
export async function claimSocketPath(path: string, option: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ZswapError('ZSWAP_LISTEN', `${option}: cannot use '${path}': ${String(error)}`, {
      cause: error,
    });
  });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new ZswapError('ZSWAP_LISTEN', `${option}: '${path}' exists and is not a socket`);
  }
  const live = await answers(path).catch((error: unknown) => {
    throw new ZswapError('ZSWAP_LISTEN', `${option}: cannot use '${path}': ${String(error)}`, {
      cause: error,
    });
  });
  if (live) {
    throw new ZswapError(
      'ZSWAP_LISTEN',
      `${option}: '${path}' is in use by another process; choose another path with ${option} PATH`,
    );
  }
  await unlink(path);
}

const ADDRESS_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use',
  EACCES: 'is not allowed for this user',
  EADDRNOTAVAIL: 'is not an address of this machine',
  ENOTFOUND: 'has an unknown host name',
  EAI_AGAIN: 'has a host name that cannot be looked up now',
};

const PATH_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use',
  // Node reports a missing folder like this, too.
  EACCES: 'lies in a folder that is not there or is closed to this user',
  EROFS: 'lies in a read-only file system',
};

function socketError(
  error: unknown,
  option: string,
  where: string,
  reasons: Readonly<Record<string, string>>,
): ZswapError {
  // The NBD server has put the system's error into one of its own.
  const first = error instanceof ZswapError ? (error.cause ?? error) : error;
  const code = first instanceof Error && 'code' in first ? String(first.code) : '';
  const text = first instanceof Error ? first.message : String(first);
  const reason = reasons[code] ?? `cannot be listened on (${text})`;
  const message = `${option}: ${where} ${reason}; choose another with ${option}`;
  return new ZswapError('ZSWAP_LISTEN', message, { cause: error });
}

/** The error for an address that cannot be listened on, naming the option to change. */
export function addressError(error: unknown, option: string, address: HostPort): ZswapError {
  return socketError(error, option, formatHostPort(address), ADDRESS_REASONS);
}

/** The same for a path. */
export function pathError(error: unknown, option: string, path: string): ZswapError {
  return socketError(error, option, `'${path}'`, PATH_REASONS);
}
