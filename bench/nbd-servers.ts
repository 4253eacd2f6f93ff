/**
 * The servers that `nbd` and `memory` compare, each a process with a Unix socket, pinned to the
 * first core, and the client that loads them, pinned to the last.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askDaemon } from '../src/cli/control/control-client.ts';
import type { ControlRequest } from '../src/cli/control/control-server.ts';
import { present } from '../src/std/assert.ts';
import { MIB } from '../src/std/units.ts';
import { projectFile } from '../test/support/project.ts';
import { toolPath } from '../test/support/run.ts';
import { LineProgram, pinned } from './environment.ts';

const MAIN = projectFile('dist/src/cli/main.js');
const START_MS_MAX = 30_000;
/** Of the times in /proc, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
export const EXPORT = 'bench';
const BARE = projectFile('dist/bench/nbd-bare.js');
/** At the end of each export, for a second client. */
export const BESIDE_BYTES: number = 32 * MIB;

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

export interface LoadResult {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the server, in microseconds a request. */
  readonly serverMicroseconds: number;
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

/** A server under load by a client of its own. */
export class ServerUnderLoad {
  readonly #server: Server;
  readonly #client: LineProgram;
  readonly #besideCommand: readonly string[];
  #beside: LineProgram | undefined;

  private constructor(server: Server, client: LineProgram, besideCommand: readonly string[]) {
    this.#server = server;
    this.#client = client;
    this.#besideCommand = besideCommand;
  }

  /**
   * @param files - the folder for sockets, the client's program and the file of pages
   * @param sizeBytes - of the export
   */
  static async start(
    kind: ServerKind,
    files: { readonly folder: string; readonly client: string; readonly pages: string },
    sizeBytes: number,
  ): Promise<ServerUnderLoad> {
    const server = await Server.start(kind, files.folder, sizeBytes + BESIDE_BYTES);
    const command = [files.client, server.socket, EXPORT, files.pages];
    const client = pinned(cpus().length - 1, command);
    return new ServerUnderLoad(server, new LineProgram(client), [...client, String(sizeBytes)]);
  }

  get name(): string {
    return this.#server.name;
  }

  /** Has the client run a command, see `native/nbd-load.c`. */
  async load(command: string): Promise<LoadResult> {
    return await this.#measured(this.#client, command);
  }

  async #measured(client: LineProgram, command: string): Promise<LoadResult> {
    const before = this.#server.processorSeconds();
    const [requests = 0, bytes = 0, ns = 0, p50 = 0, p99 = 0] = (await client.ask(command))
      .split(' ')
      .map(Number);
    const spent = this.#server.processorSeconds() - before;
    return {
      requests,
      bytes,
      seconds: ns / 1e9,
      p50: p50 / 1000,
      p99: p99 / 1000,
      serverMicroseconds: (spent * 1e6) / requests,
    };
  }

  /**
   * Has the client run a command while a second client, on a connection and on pages of its own,
   * runs another one that takes as long.
   */
  async loadBeside(command: string, other: string): Promise<LoadResult> {
    if (this.#beside === undefined) await this.besideLoad(`fill ${BESIDE_BYTES}`);
    const ended = this.besideLoad(other);
    const result = await this.load(command);
    await ended;
    return result;
  }

  /** Has the second client run a command. */
  async besideLoad(command: string): Promise<LoadResult> {
    this.#beside ??= new LineProgram(this.#besideCommand);
    return await this.#measured(this.#beside, command);
  }

  /** See {@link Server}. */
  residentBytes(): number {
    return this.#server.residentBytes();
  }

  /** See {@link Server}. */
  processorSeconds(): number {
    return this.#server.processorSeconds();
  }

  /** See {@link Server}. */
  statistics(): Promise<DaemonStatistics | undefined> {
    return this.#server.statistics();
  }

  /** See {@link Server}. */
  ask(request: ControlRequest): Promise<unknown> {
    return this.#server.ask(request);
  }

  async stop(): Promise<void> {
    await this.#client.end();
    await this.#beside?.end();
    await this.#server.stop();
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
