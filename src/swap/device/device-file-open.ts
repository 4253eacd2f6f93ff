/**
 * What has to be found out about a path before it is used as a backing swap device: what it is, how
 * large, whether it holds somebody else's data. Nothing here writes, except that a missing file is
 * created.
 */
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { ZswapError } from '../../std/error.ts';
import { KIB, MIB, PAGE_SIZE } from '../../std/units.ts';

const { O_CREAT, O_DIRECT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/**
 * Bytes looked at from either end. File systems, partition tables, RAID and volume managers put
 * their signatures within the first 64 KiB or just behind (btrfs), some at the end.
 */
const SIGNATURE_BYTES: number = MIB;

/** An opened path and what it turned out to be. */
export interface OpenedPath {
  readonly handle: FileHandle;
  readonly kind: 'file' | 'block';
  /** The same for every name of the device, different for different devices. */
  readonly identity: string;
  /** Bytes there now: of the file, or of the block device. */
  readonly bytes: number;
  readonly mode: number;
}

/**
 * Opens a path for reading and writing, through the page cache; creates a file that is missing,
 * readable by its owner only. A block device is opened exclusively, so that nobody mounts it.
 *
 * A symbolic link is followed to a block device (that is how stable names work), never to a file: a
 * link planted in a shared folder would have the daemon destroy the file of somebody else.
 */
export async function openDevicePath(path: string): Promise<OpenedPath> {
  const handle = await openOrExplain(path);
  try {
    const stat = await handle.stat({ bigint: true });
    const mode = Number(stat.mode);
    if (stat.isFile()) {
      const identity = `file:${stat.dev}:${stat.ino}`;
      return { handle, kind: 'file', identity, bytes: Number(stat.size), mode };
    }
    if (!stat.isBlockDevice()) throw cannotOpen(path, 'it is neither a file nor a block device');
    const number = deviceNumber(Number(stat.rdev));
    const bytes = await blockDeviceBytes(path, number);
    const exclusive = await openExclusively(path, handle);
    await handle.close();
    return { handle: exclusive, kind: 'block', identity: `block:${number}`, bytes, mode };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Opens what `handle` has open once more, past the page cache.
 *
 * @returns `undefined` where the file system does not offer that
 */
export async function reopenDirect(handle: FileHandle): Promise<FileHandle | undefined> {
  // By descriptor and not by path: the path may mean another file by now.
  return open(`/proc/self/fd/${handle.fd}`, O_RDWR | O_DIRECT).catch(() => undefined);
}

/** What the first page of a path holds, without a claim on it; empty if it cannot be read. */
export async function readFirstPage(path: string): Promise<Uint8Array> {
  const page = new Uint8Array(PAGE_SIZE);
  const handle = await open(path, O_RDONLY | O_NONBLOCK).catch(() => undefined);
  if (handle === undefined) return page.subarray(0, 0);
  const { bytesRead } = await handle.read(page, 0, PAGE_SIZE, 0);
  await handle.close();
  return page.subarray(0, bytesRead);
}

/** True if either end of it holds anything but zeros. */
export async function holdsData(opened: OpenedPath): Promise<boolean> {
  const { handle, bytes } = opened;
  const window = new Uint8Array(64 * KIB);
  const tail = Math.max(SIGNATURE_BYTES, bytes - SIGNATURE_BYTES);
  for (let position = 0; position < bytes; position += window.length) {
    if (position >= SIGNATURE_BYTES && position < tail) position = tail;
    const { bytesRead } = await handle.read(window, 0, window.length, position);
    for (let index = 0; index < bytesRead; index++) if (window[index] !== 0) return true;
  }
  return false;
}

/** The error for a path that cannot be used at all. */
export function cannotOpen(path: string, why: string, cause?: unknown): ZswapError {
  const message = `cannot use ${path} as a backing swap device: ${why}`;
  return new ZswapError('ZSWAP_DEVICE_OPEN', message, { cause });
}

async function openOrExplain(path: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK: opening must not wait, whatever the path is.
    return await open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw explain(path, error);
  }
  const handle = await open(path, O_RDWR | O_NONBLOCK).catch((error: unknown) => {
    throw explain(path, error);
  });
  const stat = await handle.stat();
  if (stat.isBlockDevice()) return handle;
  await handle.close();
  throw cannotOpen(path, 'it is a symbolic link, and those are followed to block devices only');
}

async function openExclusively(path: string, handle: FileHandle): Promise<FileHandle> {
  try {
    return await open(`/proc/self/fd/${handle.fd}`, O_RDWR | O_EXCL);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw explain(path, error);
    const message = `${path} is mounted or otherwise in use`;
    throw new ZswapError('ZSWAP_DEVICE_BUSY', message, { cause: error });
  }
}

function explain(path: string, error: unknown): ZswapError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why: Readonly<Record<string, string>> = {
    ENOENT: 'the folder it should be in does not exist',
    ENOTDIR: 'a part of the path is not a folder',
    EISDIR: 'it is a folder',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENXIO: 'it is a socket or a device that is not there',
    ENOSPC: 'the disk is full',
    ELOOP: 'too many symbolic links',
  };
  return cannotOpen(path, why[code ?? ''] ?? message, error);
}

/** `major:minor` as /sys writes it, from Linux's encoding of a device number. */
function deviceNumber(rdev: number): string {
  const high = Math.floor(rdev / 2 ** 32);
  const major = ((rdev >>> 8) & 0xfff) | (high & 0xfffff000);
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}

async function blockDeviceBytes(path: string, number: string): Promise<number> {
  const sectors = await readFile(`/sys/dev/block/${number}/size`, 'ascii').catch(
    (error: unknown) => {
      throw cannotOpen(path, 'its size cannot be found in /sys', error);
    },
  );
  return Number(sectors) * 512;
}
