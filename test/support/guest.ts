/**
 * Boots the guest of `test/e2e/guest/`, a Linux in QEMU that swaps onto the disk it is given and
 * checks every byte, for the suites and for the benchmark.
 */
import { projectFile } from './project.ts';
import { runOk, type RunOptions } from './run.ts';

/** What a machine needs for it; see `require.ts`. */
export const GUEST_TOOLS: readonly string[] = [
  'qemu-system-x86_64',
  'busybox',
  'cpio',
  'cc',
  'guest-kernel',
];

/**
 * Where it swaps to: an export of a server on a Unix socket, with QEMU as the client; the same by
 * TCP on a port of the loopback address, with the guest's kernel as the client; or a file.
 */
export type GuestDisk =
  | { readonly mode: 'blk'; readonly target: string; readonly export: string }
  | { readonly mode: 'nbd'; readonly target: string; readonly export: string }
  | { readonly mode: 'file'; readonly target: string };

/** As {@link RunOptions}; `env` is that of `run.sh`. */
export interface GuestOptions extends RunOptions {
  /** Makes a command one that runs on certain cores. */
  readonly pinned?: (command: readonly string[]) => readonly string[];
}

/** Builds the guest if needed, boots it, and returns its console once it said SWAPTEST PASS. */
export async function runGuest(disk: GuestDisk, options: GuestOptions = {}): Promise<string> {
  await runOk(projectFile('test/e2e/guest/mkguest.sh'), []);
  const args = [disk.mode, disk.target, ...(disk.mode === 'file' ? [] : [disk.export])];
  const command = [projectFile('test/e2e/guest/run.sh'), ...args];
  const [program = '', ...rest] = options.pinned?.(command) ?? command;
  return await runOk(program, rest, options);
}

/** What the guest's program says of one of its phases. */
export interface HogPhase {
  readonly seconds: number;
  /** Pages that did not hold what they should, until then. */
  readonly bad: number;
  /** Pages that the kernel has brought in and taken out meanwhile (pswpin, pswpout). */
  readonly pagesIn: number;
  readonly pagesOut: number;
}

const PHASE = /^hog: (.*) ([\d.]+) s, (\d+) bad, \d+ unreadable, (\d+) in, (\d+) out$/gm;

/** The phases on a guest's console, by name; `all` is from the first to the last. */
export function hogPhases(console: string): ReadonlyMap<string, HogPhase> {
  return new Map(
    [...console.matchAll(PHASE)].map(([, name = '', ...figures]) => {
      const [seconds = NaN, bad = NaN, pagesIn = NaN, pagesOut = NaN] = figures.map(Number);
      return [name, { seconds, bad, pagesIn, pagesOut }];
    }),
  );
}
