/**
 * Which parts of a backing swap device hold anything, in segments large enough to be worth giving
 * back to the file system one by one. Pure bookkeeping: who punches, and how, is decided elsewhere.
 *
 * A page is live from the submission of its first write until its discard. A segment whose last
 * live page goes is queued if it has storage; a write to it before its punch starts withdraws it; a
 * write while it is being punched must wait.
 *
 * ```
 *            last live page discarded           takeQueued
 *   OPEN ───────────────────────────► QUEUED ───────────────► PUNCHING
 *    ▲ ◄────────────────────────────────┘                        │
 *    │             write                                         │
 *    └───────────────────────────────────────────────────────────┘ endPunch
 * ```
 */
import { assert, present } from '../../std/assert.ts';
import { divCeil } from '../../std/units.ts';

/** Storage pages of a segment: 64 MiB. */
export const SEGMENT_PAGES = 16384;

const STATE_OPEN = 0;
const STATE_QUEUED = 1;
const STATE_PUNCHING = 2;

export interface SegmentsOptions {
  /** Device pages covered. */
  readonly pageCount: number;
  /**
   * Storage pages in front of device page 0 (the header). Segments are cut from the storage, not
   * from the device pages, so that their borders suit the discard granularity of what is below.
   */
  readonly leadingPages: number;
  /** Storage pages of a segment, a multiple of 32 and at most 32768; tests make it small. */
  readonly segmentPages?: number;
}

export class Segments {
  readonly segmentCount: number;
  readonly #segmentPages: number;
  readonly #leadingPages: number;
  readonly #storagePages: number;
  /** One bit a storage page, one array a segment, made with the first write to it. */
  readonly #liveBits: (Uint32Array | undefined)[];
  readonly #livePages: Uint16Array;
  readonly #state: Uint8Array;
  /** 1 if the segment was written since it was last given back. */
  readonly #hasStorage: Uint8Array;
  #queuedCount = 0;
  #punchingCount = 0;
  /** Where the search for a queued segment goes on, so that none waits for ever. */
  #cursor = 0;

  constructor(options: SegmentsOptions) {
    const { pageCount, leadingPages, segmentPages = SEGMENT_PAGES } = options;
    assert(segmentPages % 32 === 0 && segmentPages > leadingPages && segmentPages <= 32768);
    this.#segmentPages = segmentPages;
    this.#leadingPages = leadingPages;
    this.#storagePages = leadingPages + pageCount;
    this.segmentCount = divCeil(this.#storagePages, segmentPages);
    this.#liveBits = Array.from({ length: this.segmentCount }, () => undefined);
    this.#livePages = new Uint16Array(this.segmentCount);
    this.#state = new Uint8Array(this.segmentCount);
    this.#hasStorage = new Uint8Array(this.segmentCount);
  }

  /** Segments that wait for a punch. */
  get queuedCount(): number {
    return this.#queuedCount;
  }

  /** Live pages of one segment. */
  livePagesOf(segment: number): number {
    return present(this.#livePages[segment]);
  }

  /** First storage page that may be given back with `segment`; never a leading page. */
  firstStoragePage(segment: number): number {
    return segment === 0 ? this.#leadingPages : segment * this.#segmentPages;
  }

  /** Storage page after the last one of `segment`. */
  endStoragePage(segment: number): number {
    return Math.min((segment + 1) * this.#segmentPages, this.#storagePages);
  }

  /** True if a write of these device pages has to wait until a punch has ended. */
  mustWait(devicePage: number, pageCount: number): boolean {
    if (this.#punchingCount === 0) return false;
    const first = this.#segmentOf(devicePage);
    const last = this.#segmentOf(devicePage + pageCount - 1);
    for (let segment = first; segment <= last; segment++) {
      if (this.#state[segment] === STATE_PUNCHING) return true;
    }
    return false;
  }

  /** A write of these pages is being submitted: they are live, their segments not to be punched. */
  markWritten(devicePage: number, pageCount: number): void {
    for (let page = devicePage; page < devicePage + pageCount; page++) {
      const segment = this.#segmentOf(page);
      assert(this.#state[segment] !== STATE_PUNCHING, 'write to a segment being punched');
      if (this.#state[segment] === STATE_QUEUED) {
        this.#state[segment] = STATE_OPEN;
        this.#queuedCount--;
      }
      this.#hasStorage[segment] = 1;
      this.#setLive(segment, page);
    }
  }

  /** These device pages hold nothing any more; pages that are not live are passed over. */
  markFree(devicePage: number, pageCount: number): void {
    for (let page = devicePage; page < devicePage + pageCount; page++) {
      const segment = this.#segmentOf(page);
      if (!this.#clearLive(segment, page)) continue;
      if (this.#livePages[segment] === 0) this.#queue(segment);
    }
  }

  /** Takes the next queued segment for punching; -1 if there is none. */
  takeQueued(): number {
    if (this.#queuedCount === 0) return -1;
    while (this.#state[this.#cursor] !== STATE_QUEUED) {
      this.#cursor = (this.#cursor + 1) % this.segmentCount;
    }
    this.#startPunch(this.#cursor);
    return this.#cursor;
  }

  /**
   * Takes every segment behind the last live page that still has storage or is queued, and unqueues
   * the others: what cutting off the end of a file can give back.
   *
   * @returns the first segment of the tail, or -1 if nothing there has storage
   */
  takeTail(): number {
    let first = this.segmentCount;
    let hasStorage = false;
    while (first > 0 && this.#livePages[first - 1] === 0) {
      if (this.#state[first - 1] === STATE_PUNCHING) break;
      first--;
      if (this.#hasStorage[first] === 1) hasStorage = true;
    }
    for (let segment = 0; segment < this.segmentCount; segment++) {
      if (this.#state[segment] === STATE_QUEUED && (segment < first || !hasStorage)) {
        this.#state[segment] = STATE_OPEN;
        this.#queuedCount--;
      }
      if (segment >= first && hasStorage) this.#startPunch(segment);
    }
    return hasStorage ? first : -1;
  }

  /** Unqueues everything, where nothing can be given back. */
  dropQueue(): void {
    for (let segment = 0; segment < this.segmentCount; segment++) {
      if (this.#state[segment] === STATE_QUEUED) this.#state[segment] = STATE_OPEN;
    }
    this.#queuedCount = 0;
  }

  /** Ends the punch of a taken segment; `isGiven` says whether its storage is gone. */
  endPunch(segment: number, isGiven: boolean): void {
    assert(this.#state[segment] === STATE_PUNCHING);
    assert(this.#livePages[segment] === 0);
    this.#state[segment] = STATE_OPEN;
    this.#punchingCount--;
    if (!isGiven) return;
    this.#hasStorage[segment] = 0;
    this.#liveBits[segment] = undefined;
  }

  #startPunch(segment: number): void {
    assert(this.#livePages[segment] === 0);
    if (this.#state[segment] === STATE_QUEUED) this.#queuedCount--;
    this.#state[segment] = STATE_PUNCHING;
    this.#punchingCount++;
  }

  #queue(segment: number): void {
    if (this.#state[segment] !== STATE_OPEN || this.#hasStorage[segment] === 0) return;
    this.#state[segment] = STATE_QUEUED;
    this.#queuedCount++;
  }

  #segmentOf(devicePage: number): number {
    return Math.floor((devicePage + this.#leadingPages) / this.#segmentPages);
  }

  #setLive(segment: number, devicePage: number): void {
    let bits = this.#liveBits[segment];
    if (bits === undefined) {
      bits = new Uint32Array(this.#segmentPages / 32);
      this.#liveBits[segment] = bits;
    }
    const bit = (devicePage + this.#leadingPages) % this.#segmentPages;
    const word = present(bits[bit >>> 5]);
    const mask = 1 << (bit & 31);
    if ((word & mask) !== 0) return;
    bits[bit >>> 5] = word | mask;
    this.#livePages[segment] = present(this.#livePages[segment]) + 1;
  }

  #clearLive(segment: number, devicePage: number): boolean {
    const bits = this.#liveBits[segment];
    if (bits === undefined) return false;
    const bit = (devicePage + this.#leadingPages) % this.#segmentPages;
    const word = present(bits[bit >>> 5]);
    const mask = 1 << (bit & 31);
    if ((word & mask) === 0) return false;
    bits[bit >>> 5] = word & ~mask;
    this.#livePages[segment] = present(this.#livePages[segment]) - 1;
    return true;
  }
}
