/**
 * A backing swap device in RAM, for tests and for running without a disk. Memory comes in chunks
 * with the first write to each and goes back when every page of the chunk has been discarded.
 *
 * Bytes move when the request completes, not when it is submitted, so an owner that touches a
 * {@link Bio} in flight is caught here as it would be by a disk.
 */
import type { Rt, Task } from '../../rt/rt.ts';
import { assert, present } from '../../std/assert.ts';
import { OK } from '../../std/errno.ts';
import { PAGE_SIZE, divCeil } from '../../std/units.ts';
import { BIO_PAGES } from './device.ts';
import type { Bio, SwapDevice } from './device.ts';

/** Pages of one chunk: 1 MiB. */
const CHUNK_PAGES = 256;

export interface RamDeviceOptions {
  /** Pages it can hold, at least 1. */
  readonly pageCount: number;
  readonly rt: Rt;
}

export class RamDevice implements SwapDevice, Task {
  readonly name = 'ram';
  readonly direct = false;
  readonly pageCount: number;
  readonly #rt: Rt;
  readonly #chunks: (Uint8Array | undefined)[];
  /** 1 for a page that was written and not discarded since. */
  readonly #isLive: Uint8Array;
  readonly #livePages: Uint16Array;
  #heldBytes = 0;
  /** Submitted and not completed; a write is noted at the same index in the second list. */
  #queue: Bio[] = [];
  #queueIsWrite: boolean[] = [];
  /** The queue being completed, swapped with the other one so that neither is made anew. */
  #completing: Bio[] = [];
  #completingIsWrite: boolean[] = [];
  #isClosed = false;

  constructor(options: RamDeviceOptions) {
    const { pageCount } = options;
    if (!Number.isSafeInteger(pageCount) || pageCount < 1) {
      throw new RangeError(`pageCount must be a positive integer, got ${pageCount}`);
    }
    this.pageCount = pageCount;
    this.#rt = options.rt;
    const chunkCount = divCeil(pageCount, CHUNK_PAGES);
    this.#chunks = Array.from({ length: chunkCount }, () => undefined);
    this.#isLive = new Uint8Array(pageCount);
    this.#livePages = new Uint16Array(chunkCount);
  }

  heldBytes(): number {
    return this.#heldBytes;
  }

  read(bio: Bio): void {
    this.#submit(bio, false);
  }

  write(bio: Bio): void {
    this.#submit(bio, true);
  }

  discard(devicePage: number, pageCount: number): void {
    assert(devicePage >= 0 && pageCount >= 0 && devicePage + pageCount <= this.pageCount);
    for (let page = devicePage; page < devicePage + pageCount; page++) {
      if (this.#isLive[page] === 0) continue;
      this.#isLive[page] = 0;
      const chunkIndex = Math.floor(page / CHUNK_PAGES);
      const live = present(this.#livePages[chunkIndex]) - 1;
      this.#livePages[chunkIndex] = live;
      if (live > 0) continue;
      this.#heldBytes -= present(this.#chunks[chunkIndex]).length;
      this.#chunks[chunkIndex] = undefined;
    }
  }

  close(): Promise<void> {
    assert(this.#queue.length === 0, 'requests in flight at close');
    this.#isClosed = true;
    this.#chunks.fill(undefined);
    this.#heldBytes = 0;
    return Promise.resolve();
  }

  /** Completes what was submitted before; what `onDone` submits waits for the next turn. */
  resume(): void {
    const bios = this.#queue;
    const isWrite = this.#queueIsWrite;
    this.#queue = this.#completing;
    this.#queueIsWrite = this.#completingIsWrite;
    this.#completing = bios;
    this.#completingIsWrite = isWrite;
    for (let index = 0; index < bios.length; index++) {
      const bio = present(bios[index]);
      for (let page = 0; page < bio.pageCount; page++) {
        if (isWrite[index] === true)
          this.#writePage(bio.devicePage + page, present(bio.pages[page]));
        else this.#readPage(bio.devicePage + page, present(bio.pages[page]));
      }
      bio.error = OK;
      bio.onDone(bio);
    }
    bios.length = 0;
    isWrite.length = 0;
  }

  #submit(bio: Bio, isWrite: boolean): void {
    assert(!this.#isClosed, 'device is closed');
    assert(bio.pageCount >= 1 && bio.pageCount <= BIO_PAGES);
    assert(bio.devicePage >= 0 && bio.devicePage + bio.pageCount <= this.pageCount);
    this.#queue.push(bio);
    this.#queueIsWrite.push(isWrite);
    if (this.#queue.length === 1) this.#rt.wake(this);
  }

  #writePage(devicePage: number, page: Uint8Array): void {
    const chunkIndex = Math.floor(devicePage / CHUNK_PAGES);
    let chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) {
      chunk = new Uint8Array(CHUNK_PAGES * PAGE_SIZE);
      this.#chunks[chunkIndex] = chunk;
      this.#heldBytes += chunk.length;
    }
    if (this.#isLive[devicePage] === 0) {
      this.#isLive[devicePage] = 1;
      this.#livePages[chunkIndex] = present(this.#livePages[chunkIndex]) + 1;
    }
    chunk.set(page, (devicePage % CHUNK_PAGES) * PAGE_SIZE);
  }

  #readPage(devicePage: number, page: Uint8Array): void {
    const chunk = this.#chunks[Math.floor(devicePage / CHUNK_PAGES)];
    if (chunk === undefined) {
      page.fill(0);
      return;
    }
    // Element by element would be slow and a view is garbage, but this device is not a fast path.
    const start = (devicePage % CHUNK_PAGES) * PAGE_SIZE;
    page.set(chunk.subarray(start, start + PAGE_SIZE));
  }
}
