/** Runs {@link file://./device-holder.ts} and talks to it. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const HOLDER = fileURLToPath(new URL('device-holder.js', import.meta.url));

export interface DeviceProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its one line: `ready HELPERPID`, or the code and message of the error. */
  readonly line: string;
  /** Resolves with the exit code, or -1 after a signal. */
  readonly ended: Promise<number>;
}

/** Starts a process that opens a device, after `prefix` (for example another namespace). */
export async function startHolder(
  args: readonly [path: string, pageCount: number, end?: 'leave'],
  prefix: readonly string[] = [],
): Promise<DeviceProcess> {
  const command = [...prefix, process.execPath, HOLDER, ...args.map(String)];
  const child = spawn(command[0] ?? '', command.slice(1));
  child.stderr.pipe(process.stderr);
  const ended = new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? -1));
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, line, ended };
}

/** Resolves when no process has this number any more, or only one that waits to be reaped. */
export async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await setImmediate();
}

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}
