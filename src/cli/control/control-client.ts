/** The other end of the control socket: finding it, and asking one question. */
import { accessSync, constants, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ZswapError } from '../../std/error.ts';
import type { Environment } from '../environment.ts';
import { UsageError, type ValueOption } from '../options/args.ts';
import type { ControlRequest, ControlResponse } from './control-server.ts';
import { parseSocketPath } from '../options/values.ts';

const SOCKET_NAME = 'zswapd.sock';

/** Where the service unit of `contrib/systemd` puts it. */
const SYSTEM_SOCKET = '/run/zswapd/zswapd.sock';

/** Longest wait for an answer. */
const ANSWER_WAIT_MS = 30_000;

/** Longest answer: statistics of some ten thousand exports. */
const ANSWER_BYTES_MAX: number = 64 * 1024 * 1024;

/** The option of every command that talks to a daemon. */
export const CONTROL_OPTION: { readonly control: ValueOption<string> } = {
  control: {
    kind: 'value',
    value: 'PATH',
    parse: parseSocketPath,
    preset: 'where a daemon with the same environment puts it',
    help: "the daemon's control socket",
  },
};

function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Folders a control socket may lie in by default, best first. */
function runtimeFolders(environment: Environment): string[] {
  const fromSystemd = environment['RUNTIME_DIRECTORY']?.split(':')[0];
  const fromSession = environment['XDG_RUNTIME_DIR'];
  return [fromSystemd, fromSession].filter((path) => path !== undefined && path !== '') as string[];
}

/** The control socket of a daemon without `--control`: in a run-time folder or where it stands. */
export function defaultControlPath(environment: Environment): string {
  const folder = runtimeFolders(environment).find(isWritableFolder);
  return folder === undefined ? `./${SOCKET_NAME}` : join(folder, SOCKET_NAME);
}

/** The control socket to ask where none was named: the first that is there. */
export function findControlPath(environment: Environment): string {
  const folders = runtimeFolders(environment).map((folder) => join(folder, SOCKET_NAME));
  const places = [...folders, `./${SOCKET_NAME}`, SYSTEM_SOCKET];
  return places.find((path) => existsSync(path)) ?? defaultControlPath(environment);
}

function unreachableError(path: string, error: NodeJS.ErrnoException): ZswapError {
  const reason =
    error.code === 'EACCES'
      ? `not allowed to open '${path}'`
      : `no daemon answers at '${path}' (${error.code ?? error.message})`;
  return new ZswapError('ZSWAP_CONTROL', `${reason}; --control PATH names its socket`, {
    cause: error,
  });
}

async function askLine(path: string, line: string, waitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const chunks: Buffer[] = [];
    let byteCount = 0;
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    // The socket takes 0 as no limit.
    socket.setTimeout(waitMs === Infinity ? 0 : waitMs, () =>
      fail(new ZswapError('ZSWAP_CONTROL', `the daemon at '${path}' does not answer`)),
    );
    socket.on('error', (error) => fail(unreachableError(path, error)));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      byteCount += chunk.length;
      if (byteCount > ANSWER_BYTES_MAX) {
        fail(new ZswapError('ZSWAP_CONTROL', `the answer of '${path}' is too long`));
      } else if (chunk.includes(10)) {
        socket.destroy();
        resolve(Buffer.concat(chunks).toString('utf8'));
      }
    });
    socket.on('end', () =>
      fail(new ZswapError('ZSWAP_CONTROL', `the daemon at '${path}' hung up without an answer`)),
    );
    socket.write(line);
  });
}

function isResponse(value: unknown): value is ControlResponse {
  if (typeof value !== 'object' || value === null || !('ok' in value)) return false;
  return value.ok === true
    ? 'result' in value
    : value.ok === false && 'error' in value && typeof value.error === 'string';
}

/**
 * Sends one request and returns its result.
 *
 * @param waitMs - longest wait for the answer; Infinity for what takes as long as it takes
 * @throws UsageError if the daemon says that the request is wrong
 * @throws ZswapError `ZSWAP_CONTROL` if nobody answers, or the command failed there
 */
export async function askDaemon(
  path: string,
  request: ControlRequest,
  waitMs: number = ANSWER_WAIT_MS,
): Promise<unknown> {
  const text = await askLine(path, `${JSON.stringify(request)}\n`, waitMs);
  let response: unknown;
  try {
    response = JSON.parse(text);
  } catch {
    response = undefined;
  }
  if (!isResponse(response)) {
    throw new ZswapError('ZSWAP_CONTROL', `what answers at '${path}' is not a zswapd`);
  }
  if (response.ok) return response.result;
  if (response.usage) throw new UsageError(response.error);
  throw new ZswapError('ZSWAP_CONTROL', response.error);
}
