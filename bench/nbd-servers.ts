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

/** A server under load by a client of its own. */
export class ServerUnderLoad {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #client: LineProgram;
  readonly #besideCommand: readonly string[];
  #beside: LineProgram | undefined;
  readonly #control: string | undefined;

  private constructor(
    name: string,
    child: ChildProcess,
    client: LineProgram,
    besideCommand: readonly string[],
    control: string | undefined,
  ) {
    this.name = name;
    this.#child = child;
    this.#client = client;
    this.#besideCommand = besideCommand;
    this.#control = control;
  }

  /**
   * @param files - the folder for sockets, the client's program and the file of pages
   * @param sizeBytes - of the export
   */
  static async start(
    server: ServerKind,
    files: { readonly folder: string; readonly client: string; readonly pages: string },
    sizeBytes: number,
  ): Promise<ServerUnderLoad> {
    const name = server.name.replaceAll(/[^a-z0-9]/g, '-');
    const socket = join(files.folder, `${name}.sock`);
    const control = join(files.folder, `${name}.control`);
    const command = serverCommand(server, socket, control, sizeBytes + BESIDE_BYTES);
    const [program = '', ...args] = pinned(0, command);
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: { ...process.env, PATH: toolPath },
    });
    await listening(child, socket);
    const client = pinned(cpus().length - 1, [files.client, socket, EXPORT, files.pages]);
    return new ServerUnderLoad(
      server.name,
      child,
      new LineProgram(client),
      [...client, String(sizeBytes)],
      server.kind === 'zswapd' ? control : undefined,
    );
  }

  /** Has the client run a command, see `native/nbd-load.c`. */
  async load(command: string): Promise<LoadResult> {
    return await this.#measured(this.#client, command);
  }

  async #measured(client: LineProgram, command: string): Promise<LoadResult> {
    const before = this.processorSeconds();
    const [requests = 0, bytes = 0, ns = 0, p50 = 0, p99 = 0] = (await client.ask(command))
      .split(' ')
      .map(Number);
    const spent = this.processorSeconds() - before;
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

  /** Resident memory in bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
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
    await this.#client.end();
    await this.#beside?.end();
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended;
  }

  /** Processor time of all its threads, as the scheduler accounts for it. */
  processorSeconds(): number {
    const folder = `/proc/${this.#child.pid}/task`;
    let nanoseconds = 0;
    for (const thread of readdirSync(folder)) {
      nanoseconds += Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    return nanoseconds / 1e9;
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
