/**
 * The machine that a benchmark runs on: how it is called in a report, what is missing on it, and
 * helpers in C, compiled when they are needed.
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { toolPath } from '../test/support/run.ts';

/** One line that says what the figures were taken on, without saying whose it is. */
export function describeMachine(): string {
  const all = cpus();
  const model = (all[0]?.model ?? 'unknown processor').trim();
  const load = readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? '?';
  return (
    `${all.length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Linux ${release().split('-')[0] ?? ''}, Node ${process.versions.node}, load ${load}`
  );
}

/** Says on standard error that something cannot be measured here, so that nobody overlooks it. */
export function loudly(note: string): string {
  process.stderr.write(`\n*** NOT MEASURED: ${note}\n\n`);
  return `NOT MEASURED: ${note}`;
}

interface Library {
  readonly header: string;
  readonly flag: string;
  readonly define: string;
}

function compiles(args: readonly string[], source: string): boolean {
  const options = { input: source, stdio: ['pipe', 'ignore', 'ignore'] as const };
  return spawnSync('cc', [...args], { ...options, stdio: [...options.stdio] }).status === 0;
}

/** True if there is a C compiler. */
export function hasCompiler(): boolean {
  return compiles(['-x', 'c', '-', '-o', '/dev/null'], 'int main(void) { return 0; }');
}

/** Those of the libraries that a program can be linked with. */
export function findLibraries<T extends Library>(libraries: readonly T[]): T[] {
  return libraries.filter(({ header, flag }) =>
    compiles(
      ['-x', 'c', '-', flag, '-o', '/dev/null'],
      `#include <${header}>\nint main(void) { return 0; }`,
    ),
  );
}

/** Compiles one C file with optimization. Throws with the compiler's output if it cannot. */
export function compile(source: string, binary: string, flags: readonly string[]): void {
  const args = ['-O2', '-o', binary, source, ...flags];
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc ${args.join(' ')}: ${stderr}`);
}

/** The arguments that run a command on one core, where that can be chosen. */
export function pinned(core: number, command: readonly string[]): string[] {
  const canPin =
    cpus().length > 1 && spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0;
  return canPin ? ['taskset', '-c', String(core), ...command] : [...command];
}

/** A program that answers a line with a line. */
export class LineProgram {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #closed: Promise<void>;
  #errors = '';

  constructor(command: readonly string[]) {
    const [name = '', ...args] = command;
    this.#child = spawn(name, args, { env: { ...process.env, PATH: toolPath } });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#child.on('error', (error) => (this.#errors += error.message));
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', () => resolve());
    });
    // A program that has ended says so in `answer`.
    this.#child.stdin.on('error', () => {});
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sends a line and waits for the answer. Throws what the program said if it ends instead. */
  async ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    return await this.answer();
  }

  /** The next line of the program. */
  async answer(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done !== true) return next.value;
    await this.#closed;
    throw new Error(this.#errors.trim() || 'ended without an answer');
  }

  /** Closes its input and returns the lines that it still had to say. */
  async end(): Promise<string[]> {
    const rest: string[] = [];
    this.#child.stdin.end();
    for (let next = await this.#lines.next(); next.done !== true;) {
      rest.push(next.value);
      next = await this.#lines.next();
    }
    await this.#closed;
    return rest;
  }
}
