/**
 * A block device that fails when it is told to: nbdkit's memory plugin behind its error filter,
 * made a file by nbdfuse and a block device by the loop driver. So what the daemon gets is what a
 * kernel makes of a disk that fails. Needs root, FUSE and a loop device.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runOk, toolPath } from './run.ts';

/** What the disk may refuse. */
export type DiskVerb = 'read' | 'write';

export interface FailingDiskOptions {
  /** Where its sockets and its mount are made. */
  readonly folder: string;
  /** As nbdkit takes it: `256M`. */
  readonly size: string;
  /** Percent of the requests that fail while it is told to fail; the others succeed. */
  readonly readErrorPercent: number;
  readonly writeErrorPercent: number;
}

export class FailingDisk {
  /** The block device. */
  readonly path: string;
  readonly #folder: string;
  readonly #processes: readonly ChildProcess[];

  /** Use {@link openFailingDisk}. */
  constructor(path: string, folder: string, processes: readonly ChildProcess[]) {
    this.path = path;
    this.#folder = folder;
    this.#processes = processes;
  }

  /** From now on reads or writes fail, or no longer do. */
  fail(verb: DiskVerb, fails: boolean): void {
    const trigger = triggerFile(this.#folder, verb);
    if (fails) writeFileSync(trigger, '');
    else rmSync(trigger, { force: true });
  }

  /** Takes everything down. Nobody may use the device any more. */
  async remove(): Promise<void> {
    await runOk('losetup', ['--detach', this.path]);
    await takeDown(this.#folder, this.#processes);
  }
}

function triggerFile(folder: string, verb: DiskVerb): string {
  return join(folder, `${verb}s-fail`);
}

async function takeDown(folder: string, processes: readonly ChildProcess[]): Promise<void> {
  await runOk('fusermount3', ['-u', join(folder, 'mount')]);
  // nbdfuse ends with its mount, and nbdkit when it is told to.
  for (const child of processes.toReversed()) {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : [];
    if (child === processes[0]) child.kill('SIGTERM');
    await ended;
  }
}

/** Starts a disk that does not fail yet. */
export async function openFailingDisk(options: FailingDiskOptions): Promise<FailingDisk> {
  const { folder, size, readErrorPercent, writeErrorPercent } = options;
  const socket = join(folder, 'disk.sock');
  const mount = join(folder, 'mount');
  mkdirSync(mount);
  const start = (command: string, args: readonly string[]): ChildProcess =>
    spawn(command, args, { stdio: 'ignore', env: { ...process.env, PATH: toolPath } });
  const filter = [
    '--filter=error',
    'memory',
    size,
    `error-pread-rate=${readErrorPercent}%`,
    `error-pread-file=${triggerFile(folder, 'read')}`,
    `error-pwrite-rate=${writeErrorPercent}%`,
    `error-pwrite-file=${triggerFile(folder, 'write')}`,
  ];
  const processes = [start('nbdkit', ['--foreground', '--unix', socket, ...filter])];
  while (!existsSync(socket)) await delay(10);
  const file = join(mount, 'disk');
  processes.push(start('nbdfuse', [file, `nbd+unix:///?socket=${socket}`]));
  while (!existsSync(file)) await delay(10);
  try {
    const args = ['--find', '--show', '--direct-io=on', file];
    return new FailingDisk((await runOk('losetup', args)).trim(), folder, processes);
  } catch (error) {
    await takeDown(folder, processes);
    throw error;
  }
}
