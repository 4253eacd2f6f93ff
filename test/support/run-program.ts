/** Runs compiled scripts as processes, for tests of exit statuses, streams and signals. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a process has left behind. */
export interface Finished {
  readonly status: number | undefined;
  readonly signal: string | undefined;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly process: ChildProcess;
  /** Resolves with the first whole line on standard output; rejects if it ends without one. */
  readonly firstLine: Promise<string>;
  /** Resolves with the text on standard error once it contains `part`. */
  readonly errContaining: (part: string) => Promise<string>;
  readonly finished: Promise<Finished>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** File descriptor that becomes the process's fourth (3). */
  readonly extraFd?: number;
  /** Program before node, which replaces itself by it. */
  readonly wrapper?: readonly string[];
}

/** Absolute path of a compiled file, given from the root of `dist`. */
export function distFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** Starts a compiled script. */
export function runProgram(
  script: string,
  argv: readonly string[],
  options: RunOptions = {},
): Running {
  const { cwd, environment = {}, extraFd, wrapper = [] } = options;
  const [program = '', ...rest] = [...wrapper, process.execPath, distFile(script), ...argv];
  const child = spawn(program, rest, {
    cwd,
    env: { PATH: process.env['PATH'], NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', ...(extraFd === undefined ? [] : [extraFd])],
  });
  let out = '';
  let err = '';
  const watchers = new Set<() => void>();
  const notify = (): void => {
    for (const watcher of watchers) watcher();
  };
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    notify();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    notify();
  });
  let ended = false;
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      ended = true;
      notify();
      resolve({ status: status ?? undefined, signal: signal ?? undefined, out, err });
    });
  });
  const until = (what: string, find: () => string | undefined): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined && !ended) return;
        watchers.delete(look);
        if (found === undefined) reject(new Error(`ended without ${what}: ${err}`));
        else resolve(found);
      };
      watchers.add(look);
      look();
    });
  const firstLine = until('a line', () => (out.includes('\n') ? out.split('\n')[0] : undefined));
  // Whoever never asks for the line must not be troubled by its absence.
  firstLine.catch(() => {});
  return {
    process: child,
    firstLine,
    errContaining: (part) => until(part, () => (err.includes(part) ? err : undefined)),
    finished,
  };
}
