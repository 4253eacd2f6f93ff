/**
 * A backing swap device on disk: a file, created sparse, or a block device. One header page, then
 * the device pages. Requests go to the kernel past the page cache where the file system allows,
 * because through it a page written back would still occupy RAM.
 *
 * Opening makes sure of three things: no other process uses the device, the last one ended cleanly,
 * and no data of somebody else is there. Whoever knows better says `reset`, except about the first.
 */
import type { FileHandle } from 'node:fs/promises';
import { fstatSync } from 'node:fs';

import type { Rt } from '../../rt/rt.ts';
import { assert } from '../../std/assert.ts';
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { DeviceTrouble } from '../device-trouble.ts';
import { BIO_PAGES, Bio } from './device.ts';
import type { SwapDevice } from './device.ts';
import { DeviceHelper } from './device-file-helper.ts';
import { acquireDeviceLock } from './device-file-lock.ts';
import type { DeviceLock } from './device-file-lock.ts';
import {
  cannotOpen,
  holdsData,
  openDevicePath,
  readFirstPage,
  reopenDirect,
} from './device-file-open.ts';
import type { OpenedPath } from './device-file-open.ts';
import { ownerState, selfOwner } from './device-file-owner.ts';
import { DevicePuncher } from './device-file-punch.ts';
import { FileRequest } from './device-file-request.ts';
import type { FileTarget } from './device-file-request.ts';
import { HEADER_BYTES, HEADER_PAGES, decodeHeader, encodeHeader } from './device-header.ts';
import type { DeviceHeader, HeaderReading } from './device-header.ts';
import { Segments } from './segments.ts';

export interface FileDeviceOptions {
  /** A file, a block device, or a place for a new file. */
  readonly path: string;
  /** Device pages: a file's capacity; for a block device 0 means all it has. */
  readonly pageCount: number;
  /**
   * Use it although it was not closed cleanly or holds other data; what it holds is lost. Default
   * false. A device in use stays refused.
   */
  readonly reset?: boolean;
  readonly rt: Rt;
  /** False: do not try to bypass the page cache. Default true. */
  readonly direct?: boolean;
  /** Storage pages given back at a time, see {@link Segments}. Default 64 MiB. */
  readonly segmentPages?: number;
  /** Told, in a sentence, what does not go as well as it could. Default: a process warning. */
  readonly onWarning?: (message: string) => void;
}

/**
 * The helper of a killed process lives on until it has read the end of its input, a moment or a
 * punch later, and holds the lock so long. Whoever starts again at once waits for it.
 */
const BUSY_ATTEMPTS_MAX = 40;
const BUSY_WAIT_MS = 50;

/** What opening has put together; closing takes it apart. */
interface FileDeviceParts {
  readonly opened: OpenedPath;
  readonly lock: DeviceLock;
  readonly helper: DeviceHelper;
  /** The descriptor requests go to; the opened path's own if the page cache is not bypassed. */
  readonly data: FileHandle;
  readonly header: DeviceHeader;
}

/**
 * Opens a file or block device as a backing swap device and marks it in use.
 *
 * A file gets its full size as a hole and mode 0600. The lock is atomic against every process in
 * the same network namespace, and against all others where flock(1) is installed.
 *
 * @remarks Locks: takes the device's, until {@link FileDevice.close}. Waits: often; up to two
 * seconds
 *   for the helper of an owner that was killed.
 * @throws ZswapError `ZSWAP_DEVICE_BUSY`, `ZSWAP_DEVICE_UNCLEAN`, `ZSWAP_DEVICE_FOREIGN`, or
 *   `ZSWAP_DEVICE_OPEN` if the path cannot be used at all; nothing is changed then, except that a
 *   missing file may have been created
 * @throws RangeError if `pageCount` is not a count, or 0 for a file
 */
export async function openFileDevice(options: FileDeviceOptions): Promise<FileDevice> {
  const { path, pageCount } = options;
  if (!Number.isSafeInteger(pageCount) || pageCount < 0) {
    throw new RangeError(`pageCount must be a count of pages, got ${pageCount}`);
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(options);
    } catch (error) {
      if (attempt === BUSY_ATTEMPTS_MAX || !(await isBusyByTheDead(path, error))) throw error;
    }
    await options.rt.sleep(BUSY_WAIT_MS);
  }
}

async function openOnce(options: FileDeviceOptions): Promise<FileDevice> {
  const { path } = options;
  const opened = await openDevicePath(path);
  const undo: (() => Promise<void>)[] = [() => opened.handle.close()];
  try {
    const lock = await acquireDeviceLock(opened.identity);
    if (lock === undefined) throw busy(path, await readHeader(opened));
    undo.push(() => lock.release());
    const helper = await DeviceHelper.start(opened.handle.fd, opened.kind);
    undo.push(() => helper.end());
    const reading = await readHeader(opened);
    if (helper.state === 'busy') throw busy(path, reading);
    await refuseUnlessUsable(options, opened, reading);

    const header = await newHeader(options, capacityOf(options, opened), reading);
    if (opened.kind === 'file') await shapeFile(options, opened, header.pageCount);
    const direct =
      options.direct === false ? undefined : await openPastCache(opened.handle, header);
    if (direct !== undefined) undo.push(() => direct.close());
    await writeHeader(opened.handle, header);
    return new FileDevice(options, { opened, lock, helper, header, data: direct ?? opened.handle });
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error instanceof ZswapError || error instanceof RangeError
      ? error
      : cannotOpen(path, String((error as Error).message), error);
  }
}

/** A file or block device in use. */
export class FileDevice implements SwapDevice, FileTarget {
  readonly name: string;
  readonly pageCount: number;
  readonly direct: boolean;
  readonly fd: number;
  readonly #parts: FileDeviceParts;
  readonly #puncher: DevicePuncher;
  readonly #trouble: DeviceTrouble;
  /** The record of each Bio that was ever submitted. */
  readonly #requests = new WeakMap<Bio, FileRequest>();
  #inFlight = 0;
  #onDrained: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** Use {@link openFileDevice}. */
  constructor(options: FileDeviceOptions, parts: FileDeviceParts) {
    const { path, rt, segmentPages } = options;
    const { opened, helper, header } = parts;
    this.name = path;
    this.pageCount = header.pageCount;
    this.direct = parts.data !== opened.handle;
    this.fd = parts.data.fd;
    this.#parts = parts;
    const layout = { pageCount: this.pageCount, leadingPages: HEADER_PAGES };
    const tell = options.onWarning ?? ((message: string): void => process.emitWarning(message));
    const warn = (message: string): void => tell(`backing swap device ${path}: ${message}`);
    this.#trouble = new DeviceTrouble(rt, warn);
    this.#puncher = new DevicePuncher({
      rt,
      helper,
      segments: new Segments(segmentPages === undefined ? layout : { ...layout, segmentPages }),
      cutTail: opened.kind === 'file' ? (bytes): Promise<void> => this.#cutTail(bytes) : undefined,
      onWarning: warn,
    });
    if (!this.direct && options.direct !== false) {
      warn('the page cache cannot be bypassed here');
    }
  }

  /** Process id of the helper that punches holes, for whoever watches processes. */
  get helperPid(): number | undefined {
    return this.#parts.helper.pid;
  }

  heldBytes(): number {
    // A file's allocation is counted in units of 512 bytes whatever its blocks are.
    return this.#parts.opened.kind === 'file' ? fstatSync(this.fd).blocks * 512 : 0;
  }

  read(bio: Bio): void {
    this.#submit(bio, false).start();
  }

  write(bio: Bio): void {
    this.#puncher.submitWrite(this.#submit(bio, true));
  }

  discard(devicePage: number, pageCount: number): void {
    assert(devicePage >= 0 && pageCount >= 0 && devicePage + pageCount <= this.pageCount);
    this.#puncher.discard(devicePage, pageCount);
  }

  /** Resolves when no space is being given back or about to be. */
  settled(): Promise<void> {
    return this.#puncher.settled();
  }

  /** Waits for requests in flight, then ends everything; a file is cut to its header. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** For the requests of this device only. */
  onEnd(request: FileRequest): void {
    this.#inFlight--;
    this.#trouble.note(request.bio.error, request.isWrite);
    request.bio.onDone(request.bio);
    if (this.#inFlight === 0) this.#onDrained?.();
  }

  #submit(bio: Bio, isWrite: boolean): FileRequest {
    assert(this.#closing === undefined, 'device is closed');
    assert(bio.pageCount >= 1 && bio.pageCount <= BIO_PAGES);
    assert(bio.devicePage >= 0 && bio.devicePage + bio.pageCount <= this.pageCount);
    let request = this.#requests.get(bio);
    if (request === undefined) {
      request = new FileRequest(bio, this);
      this.#requests.set(bio, request);
    }
    request.isWrite = isWrite;
    this.#inFlight++;
    return request;
  }

  async #cutTail(bytes: number): Promise<void> {
    const { handle } = this.#parts.opened;
    await handle.truncate(bytes);
    await handle.truncate(HEADER_BYTES + this.pageCount * PAGE_SIZE);
  }

  async #close(): Promise<void> {
    const { opened, lock, data, header } = this.#parts;
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    }
    await this.#puncher.end();
    try {
      if (opened.kind === 'file') await opened.handle.truncate(HEADER_BYTES);
      await writeHeader(opened.handle, { ...header, isInUse: false });
    } catch (error) {
      const message = `${this.name} could not be marked clean`;
      throw new ZswapError('ZSWAP_DEVICE_IO', message, { cause: error });
    } finally {
      if (this.direct) await data.close();
      await opened.handle.close();
      await lock.release();
    }
  }
}

async function readHeader(opened: OpenedPath): Promise<HeaderReading> {
  const page = new Uint8Array(HEADER_BYTES);
  const { bytesRead } = await opened.handle.read(page, 0, HEADER_BYTES, 0);
  return decodeHeader(page.subarray(0, bytesRead));
}

async function writeHeader(handle: FileHandle, header: DeviceHeader): Promise<void> {
  const page = new Uint8Array(HEADER_BYTES);
  encodeHeader(header, page);
  await handle.write(page, 0, HEADER_BYTES, 0);
  await handle.datasync();
}

/** Refuses a device that is in use, was not closed cleanly, or holds data of somebody else. */
async function refuseUnlessUsable(
  options: FileDeviceOptions,
  opened: OpenedPath,
  reading: HeaderReading,
): Promise<void> {
  const { path, reset = false } = options;
  if (reading.kind === 'header') {
    const { isInUse, owner } = reading.header;
    if (!isInUse) return;
    const state = await ownerState(owner);
    if (state === 'alive') throw busy(path, reading);
    if (reset) return;
    const why =
      state === 'dead'
        ? `process ${owner.pid} did not close it`
        : `process ${owner.pid} of another container uses it or did not close it`;
    const message = `${path} is not clean: ${why}; reset it if its contents may go`;
    throw new ZswapError('ZSWAP_DEVICE_UNCLEAN', message);
  }
  if (reset) return;
  if (reading.kind === 'damaged') {
    const message = `${path} has a header of another version or a damaged one; reset it to use it`;
    throw new ZswapError('ZSWAP_DEVICE_FOREIGN', message);
  }
  if (await holdsData(opened)) {
    const message = `${path} holds data that is not ours; reset it if that data may be destroyed`;
    throw new ZswapError('ZSWAP_DEVICE_FOREIGN', message);
  }
}

/** True if the path was refused as busy and its header names a process that is no more. */
async function isBusyByTheDead(path: string, error: unknown): Promise<boolean> {
  if (!(error instanceof ZswapError) || error.code !== 'ZSWAP_DEVICE_BUSY') return false;
  const page = await readFirstPage(path);
  const reading = decodeHeader(page);
  if (reading.kind !== 'header' || !reading.header.isInUse) return false;
  return (await ownerState(reading.header.owner)) === 'dead';
}

function busy(path: string, reading: HeaderReading): ZswapError {
  const isNamed = reading.kind === 'header' && reading.header.isInUse;
  const who = isNamed ? `process ${reading.header.owner.pid}` : 'another process';
  return new ZswapError('ZSWAP_DEVICE_BUSY', `${path} is in use by ${who}`);
}

function capacityOf(options: FileDeviceOptions, opened: OpenedPath): number {
  const { path, pageCount } = options;
  if (opened.kind === 'file') {
    if (pageCount === 0) throw new RangeError('pageCount must be at least 1 for a file');
    return pageCount;
  }
  const available = Math.floor(opened.bytes / PAGE_SIZE) - HEADER_PAGES;
  if (available >= Math.max(1, pageCount)) return pageCount === 0 ? available : pageCount;
  const wanted = pageCount === 0 ? '' : `, not ${pageCount}`;
  throw cannotOpen(path, `it has room for ${Math.max(0, available)} pages${wanted}`);
}

async function newHeader(
  options: FileDeviceOptions,
  pageCount: number,
  reading: HeaderReading,
): Promise<DeviceHeader> {
  const owner = await selfOwner();
  if (reading.kind === 'header') return { ...reading.header, isInUse: true, pageCount, owner };
  const uuid = new Uint8Array(16);
  for (let index = 0; index < uuid.length; index++) uuid[index] = options.rt.randomU32();
  return { isInUse: true, uuid, pageCount, owner };
}

/** Empties a file, gives it its full size as one hole, and keeps others from reading it. */
async function shapeFile(
  options: FileDeviceOptions,
  opened: OpenedPath,
  pageCount: number,
): Promise<void> {
  if ((opened.mode & 0o077) !== 0) await opened.handle.chmod(0o600);
  await opened.handle.truncate(0);
  await opened.handle.truncate(HEADER_BYTES + pageCount * PAGE_SIZE).catch((error: unknown) => {
    const why = `it cannot grow to ${pageCount} pages (${String((error as Error).message)})`;
    throw cannotOpen(options.path, why, error);
  });
}

/** A second descriptor that bypasses the page cache, after a trial; `undefined` if it cannot be. */
async function openPastCache(
  handle: FileHandle,
  header: DeviceHeader,
): Promise<FileHandle | undefined> {
  const direct = await reopenDirect(handle);
  if (direct === undefined) return undefined;
  // Some file systems accept the flag and refuse the requests, or demand a coarser alignment.
  const { bytes } = new Bio();
  encodeHeader(header, bytes.subarray(0, HEADER_BYTES));
  const isUsable = await direct.write(bytes, 0, HEADER_BYTES, 0).then(
    ({ bytesWritten }) => bytesWritten === HEADER_BYTES,
    () => false,
  );
  if (isUsable) return direct;
  await direct.close();
  return undefined;
}
