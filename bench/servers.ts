/**
 * The servers that benchmarks compare, each a process with a Unix socket, pinned to the first core.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askDaemon } from '../src/cli/control/control-client.ts';
import type { ControlRequest } from '../src/cli/control/control-server.ts';
import { present } from '../src/std/assert.ts';
import { projectFile } from '../test/support/project.ts';
import { toolPath } from '../test/support/run.ts';
import { pinned } from './environment.ts';

const MAIN = projectFile('dist/src/cli/main.js');
const START_MS_MAX = 30_000;
/** Of the times in /proc, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
export const EXPORT = 'bench';
const BARE = projectFile('dist/bench/nbd-bare.js');

/** How to start one server. */
export interface ServerKind {
  readonly name: string;
  readonly kind: 'nbdkit' | 'zswapd' | 'bare';
  /** Of nbdkit's memory plugin; or the compressor; or nothing. */
  readonly variant: string;
  /** Where zswapd spills to; nowhere unless given. */
  readonly spill?: string;
}

/**
 * nbdkit as a plain memory disk and as a compressed one, a bare server in Node, and zswapd with
 * these compressors.
 */
export function serverKinds(compressors: readonly string[]): ServerKind[] {
  return [
    { name: 'nbdkit memory', kind: 'nbdkit', variant: 'sparse' },
    { name: 'nbdkit zstd', kind: 'nbdkit', variant: 'zstd' },
    { name: 'bare Node', kind: 'bare', variant: '' },
    ...compressors.map(
      (variant) => ({ name: `zswapd ${variant}`, kind: 'zswapd', variant }) as const,
    ),
  ];
}

/** A server on the first core. */
export class Server {
  readonly name: string;
  /** The Unix socket it listens on. */
  readonly socket: string;
  readonly #child: ChildProcess;
  readonly #control: string | undefined;

  private constructor(
    name: string,
    socket: string,
    child: ChildProcess,
    control: string | undefined,
  ) {
    this.name = name;
    this.socket = socket;
    this.#child = child;
    this.#control = control;
  }

  /**
   * @param folder - for its sockets
   * @param sizeBytes - of the export
   */
  static async start(server: ServerKind, folder: string, sizeBytes: number): Promise<Server> {
    const name = server.name.replaceAll(/[^a-z0-9]/g, '-');
    const socket = join(folder, `${name}.sock`);
    const control = join(folder, `${name}.control`);
    const [program = '', ...args] = pinned(0, serverCommand(server, socket, control, sizeBytes));
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: { ...process.env, PATH: toolPath },
    });
    await listening(child, socket);
    return new Server(server.name, socket, child, server.kind === 'zswapd' ? control : undefined);
  }

  /** Resident memory in bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  }

  /** Processor time of all its threads, as the scheduler accounts for them. */
  processorSeconds(): number {
    const folder = `/proc/${this.#child.pid}/task`;
    let nanoseconds = 0;
    for (const thread of readdirSync(folder)) {
      nanoseconds += Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    return nanoseconds / 1e9;
  }

  /** The same in hundredths, with threads that have ended: for one whose clients come and go. */
  processorSecondsOfAll(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces; user and system time are the 14th and 15th field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** The daemon's own statistics; undefined for a rival. */
  async statistics(): Promise<DaemonStatistics | undefined> {
    if (this.#control === undefined) return undefined;
    return (await this.ask({ command: 'stat' })) as DaemonStatistics;
  }

  /** Asks the daemon on its control socket. */
  async ask(request: ControlRequest): Promise<unknown> {
    return await askDaemon(present(this.#control), request, Infinity);
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended;
  }
}

/** The part of `zswapd stat --json` that benchmarks look at. */
export interface DaemonStatistics {
  readonly zswap: Readonly<Record<string, number>>;
  readonly process: { readonly rss: number; readonly metadata_bytes: number };
  readonly memcg: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

function serverCommand(
  { kind, variant, spill }: ServerKind,
  socket: string,
  control: string,
  sizeBytes: number,
): string[] {
  switch (kind) {
    case 'nbdkit':
      return nbdkitCommand(socket, variant, sizeBytes);
    case 'zswapd':
      return zswapdCommand(socket, control, variant, sizeBytes, spill);
    case 'bare':
      return [process.execPath, BARE, socket, String(sizeBytes)];
  }
}

function nbdkitCommand(socket: string, variant: string, sizeBytes: number): string[] {
  return [
    'nbdkit',
    '--foreground',
    '--unix',
    socket,
    'memory',
    String(sizeBytes),
    `allocator=${variant}`,
  ];
}

function zswapdCommand(
  socket: string,
  control: string,
  compressor: string,
  sizeBytes: number,
  spill: string | undefined,
): string[] {
  return [
    process.execPath,
    // As `npm start` and the systemd unit have it.
    '--max-semi-space-size=1',
    MAIN,
    'serve',
    '--unix',
    socket,
    '--export',
    `${EXPORT}:${sizeBytes}`,
    '--pool-size',
    String(2 * sizeBytes),
    '--compressor',
    compressor,
    ...(spill === undefined ? ['--no-spill'] : ['--spill', spill]),
    '--no-http',
    '--control',
    control,
  ];
}

async function listening(child: ChildProcess, socket: string): Promise<void> {
  const start = performance.now();
  while (!existsSync(socket)) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (performance.now() - start > START_MS_MAX) throw new Error('the server does not listen');
    await delay(10);
  }
}
