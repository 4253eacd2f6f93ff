/**
 * The backing swap device with what is known of its pages: which are free, and the checksum of what
 * was written to each. A slot's place on it is chosen when it is written, in runs of consecutive
 * pages, never in place: so a batch is one sequential write, the device may be smaller than the
 * swap areas, and the old copy stays until the new one is acknowledged.
 */
import { assert } from '../std/assert.ts';
import { ENOSPC } from '../std/errno.ts';
import type { Rt } from '../rt/rt.ts';
import { BioPool } from './bio-pool.ts';
import { PageChecksums } from './device/checksums.ts';
import type { Bio, SwapDevice } from './device/device.ts';
import { DevicePages, NO_DEVICE_PAGE } from './device/placement.ts';
import { pageHash } from './page-hash.ts';
import { DEVICE_PAGES_MAX } from './table.ts';

export class Backing {
  readonly device: SwapDevice;
  /** Pages of the device that are used: all, up to {@link DEVICE_PAGES_MAX}. */
  readonly pageCount: number;
  readonly bios: BioPool;
  readonly #pages: DevicePages;
  readonly #checksums: PageChecksums;
  /** Pages that have been given to a write and neither acknowledged nor taken back. */
  #writingPages = 0;
  #checksumErrors = 0;
  #ioErrors = 0;
  #writable = true;
  /** There was no room for a page that had never been written: a sparse file on a full disk. */
  #cannotGrow = false;

  constructor(device: SwapDevice, rt: Rt, biosInFlight?: number) {
    this.device = device;
    this.bios = new BioPool(rt, biosInFlight);
    this.pageCount = Math.min(device.pageCount, DEVICE_PAGES_MAX);
    this.#pages = new DevicePages(this.pageCount);
    this.#checksums = new PageChecksums(this.pageCount);
  }

  /** Device pages that hold data or are being written. */
  get usedPages(): number {
    return this.#pages.usedPages;
  }

  /** Device pages of writes that are under way: used, and no slot's yet. */
  get writingPages(): number {
    return this.#writingPages;
  }

  /** Device pages that can still be given out. */
  get freePages(): number {
    return this.#pages.freePages;
  }

  /** Pages read whose contents were not what was written. */
  get checksumErrors(): number {
    return this.#checksumErrors;
  }

  /** Requests that the device refused. */
  get ioErrors(): number {
    return this.#ioErrors;
  }

  /** False once a write has failed and none has succeeded since. */
  get writable(): boolean {
    return this.#writable;
  }

  get metadataBytes(): number {
    return this.#pages.metadataBytes + this.#checksums.heldBytes + this.bios.metadataBytes;
  }

  /**
   * Gives the bio up to `wanted` consecutive free device pages; while the device cannot grow, those
   * that need not, as long as there are any.
   *
   * @returns how many, at `bio.devicePage`; 0 if the device is full
   */
  allocate(bio: Bio, wanted: number): number {
    assert(wanted > 0);
    let first = this.#cannotGrow ? this.#pages.allocateStored(wanted) : NO_DEVICE_PAGE;
    if (first === NO_DEVICE_PAGE) first = this.#pages.allocateRun(wanted);
    if (first === NO_DEVICE_PAGE) return 0;
    bio.devicePage = first;
    bio.pageCount = this.#pages.runLength;
    this.#writingPages += bio.pageCount;
    return bio.pageCount;
  }

  /** Starts a read or a write of the bio's run. */
  submit(bio: Bio, write: boolean): void {
    if (write) this.device.write(bio);
    else this.device.read(bio);
  }

  /** Notes that the device refused a read or a write. */
  countError(write: boolean): void {
    this.#ioErrors += 1;
    if (write) this.#writable = false;
  }

  /**
   * Takes back the device pages of a write that the device refused.
   *
   * @returns true if it refused for want of room, and the write is worth another try: there are
   *   free pages that have room. Each refusal leaves fewer of them.
   */
  refused(bio: Bio): boolean {
    const noRoom = bio.error === ENOSPC;
    this.countError(true);
    this.#writingPages -= bio.pageCount;
    for (let i = 0; i < bio.pageCount; i += 1) {
      // What had been written there may have been given back since.
      if (noRoom && this.#cannotGrow) this.#pages.setStored(bio.devicePage + i, false);
      this.free(bio.devicePage + i);
    }
    if (noRoom) this.#cannotGrow = true;
    return noRoom && this.#pages.hasStored();
  }

  /** Notes what page `index` of an acknowledged write holds. */
  acknowledge(bio: Bio, index: number): void {
    const page = bio.pages[index];
    assert(page !== undefined);
    this.#writable = true;
    this.#writingPages -= 1;
    if (!this.#pages.isStored(bio.devicePage + index)) {
      this.#cannotGrow = false;
      this.#pages.setStored(bio.devicePage + index, true);
    }
    this.#checksums.set(bio.devicePage + index, pageHash(page));
  }

  /** Says whether page `index` of a finished read is what was written there, and counts if not. */
  verify(bio: Bio, index: number): boolean {
    const page = bio.pages[index];
    assert(page !== undefined);
    if (this.#checksums.matches(bio.devicePage + index, pageHash(page))) return true;
    this.#checksumErrors += 1;
    return false;
  }

  /** Frees one device page. Nothing may be in flight on it: the slot's owner sees to that. */
  free(devicePage: number): void {
    this.#pages.free(devicePage);
    this.device.discard(devicePage, 1);
  }
}
