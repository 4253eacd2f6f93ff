/**
 * Runs foreign programs for the end-to-end suites. Their output is text, kept whole, and shown when
 * a program that must succeed does not.
 */
import { spawn } from 'node:child_process';
import assert from 'node:assert/strict';

/** What a program left behind: exit status (or the signal's name) and its two outputs. */
export interface RunResult {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The program is killed after this many seconds; default 120. */
  readonly limitSeconds?: number;
  /** Shows the program's output while it runs, for programs that take long. */
  readonly echo?: boolean;
  /** Called with each whole line of the standard output; what `reply` is given is its input. */
  readonly onLine?: (line: string, reply: (text: string) => void) => void;
}

/** The search path with the folders that a plain user's may lack. */
export const toolPath: string = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** Runs a program to its end, whatever its exit status. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, PATH: toolPath, LC_ALL: 'C', ...options.env },
      stdio: [options.onLine === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: (options.limitSeconds ?? 120) * 1000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    const { onLine } = options;
    let lineStart = 0;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (options.echo === true) process.stdout.write(text);
      if (onLine === undefined) return;
      for (let end; (end = stdout.indexOf('\n', lineStart)) >= 0; lineStart = end + 1) {
        onLine(stdout.slice(lineStart, end), (reply) => child.stdin?.write(reply));
      }
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A program that ends without reading what it was told has its reasons in its output.
    child.stdin?.on('error', () => {});
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ status: code ?? signal ?? 'unknown', stdout, stderr }),
    );
  });
}

/** Runs a program that must exit with status 0 and returns what it wrote to standard output. */
export async function runOk(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(command, args, options);
  const shown = `${command} ${args.join(' ')}\n${result.stdout}${result.stderr}`;
  assert.equal(result.status, 0, shown);
  return result.stdout;
}
