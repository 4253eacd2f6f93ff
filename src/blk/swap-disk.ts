/**
 * The disk front end: one swap area as a block device. Its client is a kernel that swaps on it and
 * has a swap cache of its own, so a page may be read again without having been written: loads keep
 * the entry, and only an overwrite or a discard drops it.
 *
 * A request takes its pages in ascending order and is atomic for each page, not as a whole.
 * Requests that overlap each other in time may be applied in either order, but per page one after
 * the other.
 *
 * A disk goes away in three stages, each begun when nothing of the one before is left: open,
 * retired (new requests are refused, those under way end), clearing (every slot is freed).
 */
import { assert } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { Pace } from '../rt/pace.ts';
import type { Rt } from '../rt/rt.ts';
import { ESHUTDOWN } from '../std/errno.ts';
import { SILENT } from '../std/tracepoint.ts';
import type { SwapArea } from '../swap/info.ts';
import type { ZswapEntryIndex } from '../zswap/entry.ts';
import type { Zswap } from '../zswap/zswap.ts';
import { runDiscard } from './discard.ts';
import { beginSlice, type DiskContext, type Step } from './disk-context.ts';
import { DiskRequest } from './disk-request.ts';
import type { DiskEvent, DiskTrace } from './disk-trace.ts';
import { runRead } from './read.ts';
import type { BlkDisk, BlkRequest } from './request.ts';
import { runWrite } from './write.ts';

/** Words of the swap table that one status request looks at: a fraction of a millisecond. */
export const STATUS_PAGES_MAX: number = 1 << 14;

/** Length of a page that is not in the pool and is not zeros. */
export const LENGTH_UNKNOWN = -1;

export class SwapDisk implements BlkDisk {
  readonly #context: DiskContext;
  readonly #trace: DiskTrace;
  readonly #event: DiskEvent = { disk: this, op: 'flush', page: 0, pageCount: 0 };
  #underWay = 0;
  #stage: 'open' | 'retired' | 'clearing' = 'open';
  #onClear: () => void = () => {};
  readonly #run = (request: DiskRequest): void => {
    if (this.#runNow(request)) request.onDone(request);
  };
  readonly #wake = (request: DiskRequest): void => {
    this.#context.rt.wake(request);
  };

  constructor(options: {
    readonly rt: Rt;
    readonly zswap: Zswap;
    readonly area: SwapArea;
    /** Gets each request that has ended. Default: nobody. */
    readonly trace?: DiskTrace;
  }) {
    const { rt, zswap, area, trace = SILENT } = options;
    this.#trace = trace;
    this.#context = { rt, zswap, area, swap: zswap.swap, pace: new Pace() };
  }

  get name(): string {
    return this.#context.area.name;
  }

  get area(): SwapArea {
    return this.#context.area;
  }

  get sizeBytes(): number {
    return this.#context.area.pageCount * PAGE_SIZE;
  }

  /** Requests that have been started and have not finished. */
  get underWay(): number {
    return this.#underWay;
  }

  createRequest(onDone: (request: BlkRequest) => void): DiskRequest {
    return new DiskRequest(onDone, this.#run, this.#wake);
  }

  start(request: DiskRequest): boolean {
    assert(request.offset >= 0 && request.length >= 0);
    assert(request.offset + request.length <= this.sizeBytes);
    request.begin();
    if (this.#stage !== 'open') return refuse(request);
    this.#underWay += 1;
    return this.#runNow(request);
  }

  feed(request: DiskRequest): boolean {
    if (!request.waitsForPayload) return false;
    request.waitsForPayload = false;
    return this.#runNow(request);
  }

  abandon(request: DiskRequest): boolean {
    request.abandoned = true;
    return this.feed(request);
  }

  /**
   * Takes the disk out of use: from now on requests end with ESHUTDOWN. When those under way have
   * ended, every slot is freed, in slices.
   *
   * @param onClear - called once, from an empty stack, when no slot is in use or busy
   */
  retire(onClear: () => void): void {
    assert(this.#stage === 'open');
    this.#stage = 'retired';
    this.#onClear = onClear;
    if (this.#underWay === 0) this.#clearLater();
  }

  status(
    offset: number,
    length: number,
    visit: (bytes: number, state: 'data' | 'zero' | 'hole') => boolean,
  ): void {
    if (this.#stage !== 'open') {
      // The slots may be another's by now.
      visit(length, 'hole');
      return;
    }
    const { area, swap } = this.#context;
    const end = offset + length;
    const pageEnd = Math.ceil(end / PAGE_SIZE);
    let budget = STATUS_PAGES_MAX;
    let from = offset;
    while (from < end && budget > 0) {
      const page = Math.floor(from / PAGE_SIZE);
      const state = this.#state(page);
      let next = page + 1;
      if (state === 'hole') {
        next = swap.table.nextUsed(area.slot(page), area.firstSlot + pageEnd, budget);
        next -= area.firstSlot;
      } else {
        const last = Math.min(pageEnd, page + budget);
        while (next < last && this.#state(next) === state) next += 1;
      }
      budget -= next - page;
      const to = Math.min(next * PAGE_SIZE, end);
      if (!visit(to - from, state)) return;
      from = to;
    }
  }

  /**
   * Bytes that a page is compressed to: 0 for zeros, 4096 for one that is kept as it is,
   * {@link LENGTH_UNKNOWN} for one that is on the device or nowhere.
   */
  compressedLength(page: number): number {
    const { area, swap, zswap } = this.#context;
    const slot = area.slot(page);
    switch (swap.table.kind(slot)) {
      case 'zero':
        return 0;
      case 'entry':
        return zswap.entries.lengthOf(swap.table.payload(slot) as ZswapEntryIndex);
      case 'free':
      case 'device':
        return LENGTH_UNKNOWN;
    }
  }

  #publish(request: DiskRequest): void {
    const event = this.#event;
    event.op = request.op;
    event.page = Math.floor(request.offset / PAGE_SIZE);
    event.pageCount = Math.ceil((request.offset + request.length) / PAGE_SIZE) - event.page;
    this.#trace.publish(event);
  }

  #state(page: number): 'data' | 'zero' | 'hole' {
    switch (this.#context.swap.table.kind(this.#context.area.slot(page))) {
      case 'free':
        return 'hole';
      case 'zero':
        return 'zero';
      case 'entry':
      case 'device':
        return 'data';
    }
  }

  /** Runs a request until it ends or is parked; true: it has ended. */
  #runNow(request: DiskRequest): boolean {
    beginSlice(this.#context, request);
    if (this.#step(request) === 'waiting') return false;
    request.stage = 'finished';
    this.#underWay -= 1;
    if (this.#trace.hasSubscribers) this.#publish(request);
    if (this.#stage === 'retired' && this.#underWay === 0) this.#clearLater();
    return true;
  }

  #clearLater(): void {
    this.#context.rt.wake({ resume: () => this.#clear() });
  }

  #clear(): void {
    this.#stage = 'clearing';
    const request = this.createRequest(() => this.#onClear());
    request.op = 'trim';
    request.length = this.sizeBytes;
    request.begin();
    this.#underWay += 1;
    if (this.#runNow(request)) this.#onClear();
  }

  #step(request: DiskRequest): Step {
    switch (request.op) {
      case 'read':
        return runRead(this.#context, request);
      case 'write':
        return runWrite(this.#context, request);
      case 'trim':
      case 'zero':
        return runDiscard(this.#context, request);
      case 'flush':
        // A completed write is in place already, and more than RAM is not promised.
        return 'finished';
    }
  }
}

function refuse(request: DiskRequest): true {
  request.error = ESHUTDOWN;
  request.stage = 'finished';
  return true;
}
