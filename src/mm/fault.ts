/**
 * Fault: makes a page of a region present. One that was never touched gets a zeroed folio; one that
 * is shared and to be written to gets a copy; one that is swapped out comes in from wherever it is.
 *
 * Here is where the page is looked for, and what is done when there is no room for it; the ways in
 * are `new-page.ts` and `swap/swap-in.ts`.
 *
 * @see mm/memory.c handle_mm_fault, do_wp_page
 */
import { assert, present } from '../std/assert.ts';
import { ENOMEM, ESHUTDOWN, OK, type Errno } from '../std/errno.ts';
import type { Pfn } from '../page/frames.ts';
import type { SlotWaiter } from '../swap/cache.ts';
import type { SwapSlot } from '../swap/table.ts';
import { isExclusive, markDirty } from './folio-life.ts';
import { FrameClaim } from './reclaim/frame-claim.ts';
import { RECLAIM_RETRIES_MAX } from './reclaim/reclaim.ts';
import type { FaultEvent, Mm } from './mm.ts';
import { NewPage, untouchedOrder, type NewPageResult } from './new-page.ts';
import {
  presentPte,
  pteIsPresent,
  pteIsSwap,
  pteIsWritable,
  ptePfn,
  pteSlot,
} from './page-table.ts';
import type { Region } from './region.ts';
import { mapCachedPage } from './swap/swap-cache-hit.ts';
import { orderWithoutWait, swapInOrder } from './swap/swap-in-order.ts';
import { SwapIn } from './swap/swap-in.ts';

/**
 * Outcome of a fault. `mapped`: the page is present, at `pfn`. `untouched`: it was never written,
 * and the caller asked for no frame then. `failed`: `error` says why, nothing has changed.
 * `blocked`: it would have to wait and must not; nothing has changed. `waiting`: the task has been
 * parked and calls {@link Fault.run} when resumed.
 */
export type FaultResult = 'mapped' | 'untouched' | 'failed' | 'blocked' | 'waiting';

/** What a fault is about. */
export interface FaultAccess {
  /** The page is to be written to. */
  readonly write: boolean;
  /**
   * The page is to be pinned: it gets a frame though it was never touched, and one of its own
   * though it is only read. Else the region's next write would go to a copy, past the pin.
   */
  readonly pin: boolean;
  /** Never wait: a page that is not in memory or in the pool is `blocked`. */
  readonly nowait: boolean;
}

type Stage = 'look' | 'frames' | 'new-page' | 'swap-in' | 'room';

/** One fault under way, preallocated in the request that it belongs to. */
export class Fault {
  pfn = 0 as Pfn;
  error: Errno = OK;
  readonly #mm: Mm;
  readonly #claim: FrameClaim;
  readonly #newPage: NewPage;
  readonly #swapIn: SwapIn;
  #stage: Stage = 'look';
  /** Where the page is swapped out to; else a new one is made. */
  #isSwap = false;
  #slot = 0 as SwapSlot;
  #region: Region | undefined;
  #index = 0;
  #access: FaultAccess = { write: false, pin: false, nowait: false };
  /** Order of the folio to be made, and whether frames were reclaimed for one already. */
  #order = 0;
  #triedReclaim = false;
  #largest = 0;
  /** Times it has given up what it held for the sake of room in its group. */
  #retreats = 0;
  #isMajor = false;

  /** @param owner - becomes the owner of slots, and is woken */
  constructor(mm: Mm, owner: SlotWaiter) {
    this.#mm = mm;
    this.#claim = new FrameClaim(mm, owner);
    this.#newPage = new NewPage(mm, owner, this.#claim);
    this.#swapIn = new SwapIn(mm, owner, this.#claim);
  }

  /** Begins with a page of a region. */
  begin(region: Region, index: number, access: FaultAccess): void {
    assert(this.#stage === 'look' && index < region.pageCount);
    this.#region = region;
    this.#index = index;
    this.#access = access;
    this.#largest = region.orderMax;
    this.error = OK;
    this.#isMajor = false;
    this.#retreats = 0;
    this.#claim.begin(access.nowait);
    this.#mm.stats.events.pgfault += 1;
  }

  /**
   * Runs a fault as far as it goes.
   *
   * @remarks Locks: takes slots of the page, or of the folio that it belongs to, all or none.
   *   Waits: for a slot, for reclaim, for the device.
   */
  run(): FaultResult {
    for (;;) {
      const result = this.#step();
      if (result !== undefined) return result;
    }
  }

  #step(): FaultResult | undefined {
    switch (this.#stage) {
      case 'look':
        return this.#look();
      case 'frames':
        return this.#takeFrames();
      case 'new-page':
        return this.#afterPage(this.#newPage.run());
      case 'swap-in':
        return this.#runSwapIn();
      case 'room':
        return this.#makeRoom();
    }
  }

  get #present(): Region {
    return present(this.#region);
  }

  #end(result: FaultEvent['result']): FaultResult {
    this.#newPage.dropSource();
    this.#stage = 'look';
    const channel = this.#mm.trace.fault;
    if (channel.hasSubscribers) {
      const { write } = this.#access;
      const major = this.#isMajor;
      channel.publish({ region: this.#present.name, page: this.#index, write, major, result });
    }
    return result;
  }

  #fail(error: Errno): FaultResult {
    this.error = error;
    return this.#end('failed');
  }

  /** Looks where the page is, and so what is to be done. */
  #look(): FaultResult | undefined {
    const region = this.#present;
    if (!region.mapped) return this.#fail(ESHUTDOWN);
    const pte = region.table.get(this.#index);
    if (pteIsPresent(pte)) return this.#lookPresent(ptePfn(pte), pteIsWritable(pte));
    if (!pteIsSwap(pte)) {
      const { write, pin } = this.#access;
      if (!write && !pin) return this.#end('untouched');
      this.#isSwap = false;
      this.#order = untouchedOrder(region, this.#index, this.#largest);
    } else {
      const slot = pteSlot(pte);
      const cached = this.#mm.swapCache.get(slot) as Pfn;
      if (cached !== 0) {
        mapCachedPage(this.#mm, region, this.#index, cached);
        return undefined;
      }
      this.#isSwap = true;
      this.#slot = slot;
      this.#order = swapInOrder(this.#mm, region, this.#index, slot, this.#largest);
      if (this.#access.nowait) {
        const order = orderWithoutWait(this.#mm, this.#index, slot, this.#order);
        if (order === undefined) return this.#end('blocked');
        this.#order = order;
      }
    }
    this.#triedReclaim = false;
    this.#stage = 'frames';
    return undefined;
  }

  #lookPresent(pfn: Pfn, writable: boolean): FaultResult | undefined {
    const region = this.#present;
    this.pfn = pfn;
    this.#mm.folios.setAccessed(pfn, true);
    const { write, pin } = this.#access;
    if (!write && !pin) return this.#end('mapped');
    if (!writable) {
      if (!isExclusive(this.#mm, region, this.#index, pfn)) {
        this.#isSwap = false;
        this.#order = 0;
        this.#newPage.holdSource(pfn);
        this.#triedReclaim = false;
        this.#stage = 'frames';
        return undefined;
      }
      region.table.set(this.#index, presentPte(pfn, true));
    }
    if (write) markDirty(this.#mm, this.#mm.folios.head(pfn));
    return this.#end('mapped');
  }

  #takeFrames(): FaultResult | undefined {
    const { stats, memcgs } = this.#mm;
    for (;;) {
      const isReclaiming = this.#claim.underWay;
      const frames = isReclaiming ? 0 : this.#claim.allocate(this.#order);
      if (frames !== 0) {
        this.#handOver(frames);
        return undefined;
      }
      if (!isReclaiming && this.#order > 0 && this.#triedReclaim) {
        const events = present(stats.orders[this.#order]);
        if (this.#isSwap) events.swpin_fallback += 1;
        else events.anon_fault_fallback += 1;
        return this.#smaller(this.#order - 1);
      }
      const result = this.#claim.reclaim(memcgs.root, 2 ** this.#order);
      if (result === 'waiting') return 'waiting';
      if (result === 'ok') this.#triedReclaim = true;
      else if (this.#order > 0) return this.#smaller(0);
      else if (result === 'blocked') return this.#end('blocked');
      else return this.#fail(ENOMEM);
    }
  }

  /** Gives the frames to who fills and maps them. */
  #handOver(frames: Pfn): void {
    const region = this.#present;
    if (this.#isSwap) {
      this.#swapIn.begin(region, this.#index, this.#slot, frames, this.#order);
      this.#stage = 'swap-in';
    } else {
      this.#newPage.begin(region, this.#index, frames, this.#order);
      this.#stage = 'new-page';
    }
  }

  /** Tries again with smaller folios. */
  #smaller(largest: number): undefined {
    this.#largest = largest;
    this.#stage = 'look';
    return undefined;
  }

  #runSwapIn(): FaultResult | undefined {
    const result = this.#swapIn.run();
    if (result !== 'waiting') this.#isMajor = true;
    if (result !== 'failed') return this.#afterPage(result);
    this.error = this.#swapIn.error;
    return this.#end('failed');
  }

  /** Goes on after what was to bring the page. */
  #afterPage(result: NewPageResult): FaultResult | undefined {
    switch (result) {
      case 'waiting':
        return 'waiting';
      case 'blocked':
        return this.#end('blocked');
      case 'smaller':
        return this.#smaller(0);
      case 'no-room':
        return this.#retreat();
      case 'no-memory':
        return this.#fail(ENOMEM);
      case 'again':
        this.#stage = 'look';
        return undefined;
    }
  }

  /**
   * The group has no room while this fault holds a slot, or the source of a copy. It may be just
   * that, or what another fault holds that has as little room: so it gives all up, makes room, and
   * begins anew.
   *
   * @see mm/oom_kill.c pagefault_out_of_memory, after which the fault is tried again, too
   */
  #retreat(): FaultResult | undefined {
    this.#newPage.dropSource();
    if (this.#retreats === RECLAIM_RETRIES_MAX) return this.#fail(ENOMEM);
    this.#retreats += 1;
    this.#claim.begin(this.#access.nowait);
    this.#stage = 'room';
    return undefined;
  }

  #makeRoom(): FaultResult | undefined {
    const result = this.#claim.makeRoom(this.#mm.payer(this.#present), 1);
    if (result === 'waiting') return 'waiting';
    if (result === 'none') return this.#fail(ENOMEM);
    if (result === 'blocked') return this.#end('blocked');
    this.#stage = 'look';
    return undefined;
  }
}
