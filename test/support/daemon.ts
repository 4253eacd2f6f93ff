/**
 * Starts the server that the end-to-end suites talk to: the built `zswapd serve`, on a Unix socket
 * and if asked on TCP, and stops it with the test. With ZSWAPD_E2E_SERVER=nbdkit it is nbdkit's
 * memory plugin instead: a second opinion on the suites themselves.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectFile } from './project.ts';
import { runOk, toolPath } from './run.ts';
import { runProgram } from './run-program.ts';

export interface DaemonOptions {
  /** Where its sockets are made. */
  readonly folder: string;
  /** As after `--export`; default one of 64 MiB called `vm`. nbdkit has the size of the first. */
  readonly exports?: readonly string[];
  /** Also listens on a free TCP port of the loopback address. */
  readonly tcp?: boolean;
  /** Spill file or block device; default none. */
  readonly spill?: string;
  /** Default 512M, so that nothing depends on the machine's memory. */
  readonly poolSize?: string;
  /** Further options of `serve`. */
  readonly args?: readonly string[];
}

/** The part of `zswapd stat --json` that the suites look at. */
export interface DaemonStats {
  readonly zswap: Readonly<Record<string, number>>;
  readonly rejects: Readonly<Record<string, number>>;
  readonly vmstat: Readonly<Record<string, number>>;
  /** Where there is a spill device. */
  readonly spill?: {
    readonly io_errors: number;
    readonly checksum_errors: number;
    readonly writable: boolean;
  };
}

/** What made a daemon that was to start end instead. */
export class DaemonExit extends Error {
  override readonly name = 'DaemonExit';
  readonly status: number | string;

  constructor(status: number | string, output: string) {
    super(`the daemon ended with ${status}: ${output}`);
    this.status = status;
  }
}

const isNbdkit = process.env['ZSWAPD_E2E_SERVER'] === 'nbdkit';
const mainFile = projectFile('dist/src/cli/main.js');

export class Daemon {
  readonly kind: 'zswapd' | 'nbdkit' = isNbdkit ? 'nbdkit' : 'zswapd';
  readonly socket: string;
  readonly control: string;
  readonly #exportName: string;
  readonly #tcpPort: number;
  readonly #processes: readonly ChildProcess[];
  /** All that it has written to standard error; resolves when it has ended. */
  readonly log: Promise<string>;

  /** Use {@link startDaemon}. */
  constructor(
    files: DaemonFiles,
    exportName: string,
    port: number,
    processes: ChildProcess[],
    log: Promise<string> = Promise.resolve(''),
  ) {
    this.log = log;
    this.socket = files.socket;
    this.control = files.control;
    this.#exportName = exportName;
    this.#tcpPort = port;
    this.#processes = processes;
  }

  /** The URI of an export over the Unix socket; without a name of the first one. */
  uri(exportName: string = this.#exportName): string {
    return `nbd+unix:///${exportName}?socket=${this.socket}`;
  }

  /** The same over TCP. */
  tcpUri(exportName: string = this.#exportName): string {
    return `nbd://127.0.0.1:${this.tcpPort}/${exportName}`;
  }

  get tcpPort(): number {
    if (this.#tcpPort === 0) throw new Error('this daemon was started without tcp');
    return this.#tcpPort;
  }

  /** Asks the running daemon for its statistics, as a user would. */
  async stats(): Promise<DaemonStats> {
    const args = [mainFile, 'stat', '--json', '--control', this.control];
    return JSON.parse(await runOk(process.execPath, args)) as DaemonStats;
  }

  /** Sends SIGTERM and returns the exit status. Harmless on one that has ended. */
  stop(): Promise<number | string> {
    return this.#end('SIGTERM');
  }

  /** Ends it as a crash would. */
  crash(): Promise<number | string> {
    return this.#end('SIGKILL');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    const statuses = this.#processes.map(exitStatus);
    for (const child of this.#processes) child.kill(signal);
    return (await Promise.all(statuses))[0] ?? 'never started';
  }
}

interface DaemonFiles {
  readonly socket: string;
  readonly control: string;
}

async function exitStatus(child: ChildProcess): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode ?? 'unknown';
}

/**
 * Starts a server and returns once it accepts connections.
 *
 * @throws {@link DaemonExit} if it ends instead, with its exit status and what it wrote
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const files = {
    socket: join(options.folder, 'nbd.sock'),
    control: join(options.folder, 'control.sock'),
  };
  const exports = options.exports ?? ['vm:64M'];
  const [name = '', rest = ''] = (exports[0] ?? '').split(':', 2);
  if (isNbdkit) return startNbdkit(files, name, rest.replace(/,.*/, ''), options.tcp === true);

  const running = runProgram('src/cli/main.js', serveArguments(options, files, exports));
  const ready = await running.firstLine.catch(async () => {
    const { status, signal, out, err } = await running.finished;
    throw new DaemonExit(status ?? signal ?? 'unknown', out + err);
  });
  const port = /^ready .*127\.0\.0\.1:(\d+)/.exec(ready)?.[1] ?? '0';
  const log = running.finished.then(({ err }) => err);
  return new Daemon(files, name, Number(port), [running.process], log);
}

function serveArguments(
  options: DaemonOptions,
  files: DaemonFiles,
  exports: readonly string[],
): string[] {
  return [
    'serve',
    '--unix',
    files.socket,
    ...(options.tcp === true ? ['--listen', '127.0.0.1:0'] : []),
    ...exports.flatMap((text) => ['--export', text]),
    '--pool-size',
    options.poolSize ?? '512M',
    ...(options.spill === undefined ? ['--no-spill'] : ['--spill', options.spill]),
    '--no-http',
    '--control',
    files.control,
    ...(options.args ?? []),
  ];
}

async function startNbdkit(
  files: DaemonFiles,
  exportName: string,
  size: string,
  tcp: boolean,
): Promise<Daemon> {
  const start = (args: readonly string[]): ChildProcess =>
    spawn('nbdkit', ['--foreground', ...args, 'memory', size], {
      stdio: 'ignore',
      env: { ...process.env, PATH: toolPath },
    });
  const port = tcp ? await freePort() : 0;
  const processes = [start(['--unix', files.socket])];
  if (tcp) processes.push(start(['--ipaddr', '127.0.0.1', '--port', String(port)]));
  while (!existsSync(files.socket)) await delay(10);
  if (tcp) await runOk('nbdinfo', ['--size', `nbd://127.0.0.1:${port}`]).catch(() => delay(500));
  return new Daemon(files, exportName, port, processes);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
