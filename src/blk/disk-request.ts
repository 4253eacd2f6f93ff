/**
 * The record of a block request under way on a {@link SwapDisk}: its progress page by page, and all
 * that it may hold while it waits. Made once and reused, so a request makes no garbage.
 */
import { InvariantError, assert } from '../std/assert.ts';
import { EIO, OK, type Errno } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { SlotWaiter } from '../swap/cache.ts';
import { BIO_PAGES, type Bio } from '../swap/device/device.ts';
import type { SwapSlot } from '../swap/table.ts';
import { StoreOp } from '../zswap/store.ts';
import type { Payload } from './payload.ts';
import type { BlkOp, BlkRequest } from './request.ts';

/**
 * Where a request goes on when it runs again.
 *
 * - `next`: at the next page, nothing held for it
 * - `locked`: owns the page's slot
 * - `fill`: needs the rest of a page that it covers in part
 * - `store`: its page is complete and goes to zswap
 * - `spill`: zswap refused the page, which goes to the device
 * - `flush`, `flushing`: collected pages go to the device
 * - `device`, `reading`: pages come from the device
 * - `finished`
 *
 * `…-bio`: a bio is kept for it, and then as without.
 */
export type Stage =
  | 'next'
  | 'locked'
  | 'fill'
  | 'fill-bio'
  | 'filling'
  | 'store'
  | 'spill'
  | 'spill-bio'
  | 'flush'
  | 'flushing'
  | 'device'
  | 'device-bio'
  | 'reading'
  | 'finished';

export class DiskRequest implements BlkRequest, SlotWaiter {
  op: BlkOp = 'flush';
  offset = 0;
  length = 0;
  payload: Payload | undefined;
  payloadOffset = 0;
  available = 0;
  done = 0;
  error: Errno = OK;
  onDone: (request: BlkRequest) => void;

  /**
   * Number of the page that is next, within the disk; where in it the request goes on, which is not
   * 0 only in the first page of an unaligned one; and how many bytes of it the request covers. They
   * follow from `done`, and are kept because each page asks for them many times.
   */
  pageNumber = 0;
  within = 0;
  take = 0;

  stage: Stage = 'finished';
  /** Waits for its submitter to bring more payload, and for nothing else. */
  waitsForPayload = false;
  /** No more payload will come. */
  abandoned = false;
  readonly store: StoreOp = new StoreOp();
  /** Pages collected for the device, or being read from it, and the slots they belong to. */
  bio: Bio | undefined;
  bioCount = 0;
  readonly bioSlots: Float64Array = new Float64Array(BIO_PAGES);
  nextWaiter: SlotWaiter | undefined;
  /**
   * When the current slice began, in milliseconds, or Infinity if it cannot get long; and pages
   * seen since the clock was read.
   */
  sliceStart = 0;
  slicePages = 0;
  readonly bioDone: (bio: Bio) => void;
  readonly #run: (request: DiskRequest) => void;
  #page: Uint8Array | undefined;

  /**
   * @param run - goes on with the request after a wait
   * @param wake - makes the request run from an empty stack
   */
  constructor(
    onDone: (request: BlkRequest) => void,
    run: (request: DiskRequest) => void,
    wake: (request: DiskRequest) => void,
  ) {
    this.onDone = onDone;
    this.#run = run;
    this.bioDone = () => wake(this);
  }

  /** Called by the runtime, when what the request waited for has come. */
  resume(): void {
    this.#run(this);
  }

  begin(): void {
    assert(this.stage === 'finished' && this.bio === undefined);
    this.stage = 'next';
    this.done = 0;
    this.error = OK;
    this.waitsForPayload = false;
    this.abandoned = false;
    this.bioCount = 0;
    this.advance(0);
  }

  /** Steps over so many bytes: they are done. */
  advance(bytes: number): void {
    this.done += bytes;
    const at = this.offset + this.done;
    this.pageNumber = Math.floor(at / PAGE_SIZE);
    this.within = at - this.pageNumber * PAGE_SIZE;
    this.take = Math.min(PAGE_SIZE - this.within, this.length - this.done);
  }

  /** Position in the payload's memory of the next byte. */
  get payloadAt(): number {
    return this.payloadOffset + this.done;
  }

  /** Pages that the request touches from the next one on. */
  get pagesLeft(): number {
    const end = this.offset + this.length;
    return Math.ceil(end / PAGE_SIZE) - this.pageNumber;
  }

  /** A page of the request's own, for pages that it covers in part. */
  get page(): Uint8Array {
    this.#page ??= new Uint8Array(PAGE_SIZE);
    return this.#page;
  }

  bioSlot(index: number): SwapSlot {
    assert(index < this.bioCount);
    return (this.bioSlots[index] ?? 0) as SwapSlot;
  }

  /** Ends the request with an error once nothing is held any more. The first one counts. */
  fail(error: Errno): void {
    if (this.error === OK) this.error = error === OK ? EIO : error;
    this.stage = 'next';
  }
}

/** A request is at a stage that its verb does not have. */
export function wrongStage(request: DiskRequest): never {
  throw new InvariantError(`${request.op} cannot be at ${request.stage}`);
}
