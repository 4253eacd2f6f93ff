/**
 * Places to put devices: temporary folders, loop devices, small file systems. What needs root says
 * so, in one sentence, through {@link reasonToSkip}.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Bio } from '../../src/swap/device/device.ts';
import type { SwapDevice } from '../../src/swap/device/device.ts';

/** Something set up for a test, and how to take it down. */
export interface Storage {
  readonly path: string;
  remove(): void;
}

/** A fresh folder in `parent`. */
export function makeFolder(parent: string = tmpdir()): Storage {
  const path = mkdtempSync(join(parent, 'zswapd-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A loop device over a file of zeros, `image` in `folder`. */
export function makeLoopDevice(bytes: number): Storage & { readonly folder: string } {
  const folder = makeFolder();
  const image = join(folder.path, 'image');
  writeFileSync(image, '');
  truncateSync(image, bytes);
  const path = removeOnFailure(folder, () => run('losetup', ['--find', '--show', image])).trim();
  const remove = (): void => {
    run('losetup', ['--detach', path]);
    folder.remove();
  };
  return { path, folder: folder.path, remove };
}

/** A folder on a file system in RAM with so many bytes. */
export function makeSmallFileSystem(bytes: number): Storage {
  const folder = makeFolder();
  const mount = ['-t', 'tmpfs', '-o', `size=${bytes}`, 'zswapd-test', folder.path];
  removeOnFailure(folder, () => run('mount', mount));
  const remove = (): void => {
    run('umount', [folder.path]);
    folder.remove();
  };
  return { path: folder.path, remove };
}

/** Why a set-up cannot be made here, loudly, or false if it can: the `skip` option of a test. */
export function reasonToSkip(what: string, make: () => Storage): string | false {
  try {
    make().remove();
    return false;
  } catch (error) {
    const reason = `skipped: needs ${what} (${String((error as Error).message).split('\n')[0]})`;
    console.warn(reason);
    return reason;
  }
}

/** Writes or reads a run and waits; the bio carries the data and the outcome. */
export function transfer(
  device: SwapDevice,
  bio: Bio,
  verb: 'read' | 'write',
  devicePage: number,
  pageCount: number,
): Promise<Bio> {
  return new Promise((resolve) => {
    bio.devicePage = devicePage;
    bio.pageCount = pageCount;
    bio.onDone = resolve;
    if (verb === 'read') device.read(bio);
    else device.write(bio);
  });
}

function removeOnFailure(folder: Storage, make: () => string): string {
  try {
    return make();
  } catch (error) {
    folder.remove();
    throw error;
  }
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
