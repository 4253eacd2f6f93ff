/**
 * Fault: makes a page of a region present. One that was never touched gets a zeroed folio; one that
 * is shared and to be written to gets a copy; one that is swapped out comes in from wherever it is.
 *
 * Swap-in takes the locks of all slots it reads, so that what backs them stays as it is: nobody can
 * take the same page in twice, write it back, or free it meanwhile. A page that only the loaded
 * folio holds (an entry that was taken over) is in the swap cache, dirty, before anybody else can
 * run: so it cannot be lost when the PTE turns out to have changed. In the direct mode the entry
 * stays instead until the page is mapped.
 *
 * @see mm/memory.c handle_mm_fault, do_swap_page, do_anonymous_page, do_wp_page
 */
import { assert, present } from '../std/assert.ts';
import { ENOMEM, ESHUTDOWN, OK, type Errno } from '../std/errno.ts';
import type { Memcg } from '../memcg/memcg.ts';
import type { Pfn } from '../page/frames.ts';
import type { SlotWaiter } from '../swap/cache.ts';
import type { SwapSlot } from '../swap/table.ts';
import {
  addToLru,
  beginFolio,
  dropSwap,
  isExclusive,
  mapPage,
  markDirty,
  settleFolio,
  unpinFolio,
} from './folio-life.ts';
import { FrameClaim } from './reclaim/frame-claim.ts';
import { RECLAIM_RETRIES_MAX } from './reclaim/reclaim.ts';
import type { FaultEvent, Mm } from './mm.ts';
import {
  PTE_NONE,
  presentPte,
  pteIsPresent,
  pteIsSwap,
  pteIsWritable,
  ptePfn,
  pteSlot,
} from './page-table.ts';
import type { Region } from './region.ts';
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

type Kind = 'anonymous' | 'copy' | 'swap';
type Stage = 'look' | 'frames' | 'charge' | 'map' | 'swap-in' | 'room';

/** One fault under way, preallocated in the request that it belongs to. */
export class Fault {
  pfn = 0 as Pfn;
  error: Errno = OK;
  readonly #mm: Mm;
  readonly #owner: SlotWaiter;
  readonly #claim: FrameClaim;
  readonly #swapIn: SwapIn;
  #stage: Stage = 'look';
  #kind: Kind = 'anonymous';
  #slot = 0 as SwapSlot;
  #region: Region | undefined;
  #index = 0;
  #access: FaultAccess = { write: false, pin: false, nowait: false };
  /** Order of the folio to be made, its frames, and whether it was made smaller already. */
  #order = 0;
  #frames = 0 as Pfn;
  #triedReclaim = false;
  /** Who has been charged for the frames. */
  #payer: Memcg | undefined;
  #largest = 0;
  /** Times it has given up what it held for the sake of room in its group. */
  #retreats = 0;
  /** The folio that is to be copied, pinned; 0: none. */
  #source = 0 as Pfn;
  #isMajor = false;

  /** @param owner - becomes the owner of slots, and is woken */
  constructor(mm: Mm, owner: SlotWaiter) {
    this.#mm = mm;
    this.#owner = owner;
    this.#claim = new FrameClaim(mm, owner);
    this.#swapIn = new SwapIn(mm, owner, this.#claim);
  }

  /** Begins with a page of a region. */
  begin(region: Region, index: number, access: FaultAccess): void {
    assert(this.#stage === 'look' && this.#frames === 0 && index < region.pageCount);
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
      case 'charge':
        return this.#charge();
      case 'map':
        return this.#map();
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
    this.#dropSource();
    this.#stage = 'look';
    if (this.#mm.trace.fault.hasSubscribers) this.#publish(result);
    return result;
  }

  #publish(result: FaultEvent['result']): void {
    this.#mm.trace.fault.publish({
      region: this.#present.name,
      page: this.#index,
      write: this.#access.write,
      major: this.#isMajor,
      result,
    });
  }

  #fail(error: Errno): FaultResult {
    this.#dropFrames();
    this.error = error;
    return this.#end('failed');
  }

  #dropSource(): void {
    const source = this.#source;
    this.#source = 0 as Pfn;
    if (source !== 0) unpinFolio(this.#mm, source);
  }

  #dropFrames(): void {
    if (this.#frames !== 0) this.#mm.frames.free(this.#frames, this.#order);
    this.#frames = 0 as Pfn;
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
      this.#kind = 'anonymous';
      this.#order = this.#anonymousOrder(this.#largest);
    } else {
      const slot = pteSlot(pte);
      const cached = this.#mm.swapCache.get(slot) as Pfn;
      if (cached !== 0) {
        this.#mapCached(cached);
        return undefined;
      }
      this.#kind = 'swap';
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
        this.#kind = 'copy';
        this.#order = 0;
        // Reclaimed for the sake of its copy, it would come back and be reclaimed for ever.
        this.#source = this.#mm.folios.head(pfn);
        this.#mm.folios.pin(this.#source);
        this.#triedReclaim = false;
        this.#stage = 'frames';
        return undefined;
      }
      region.table.set(this.#index, presentPte(pfn, true));
    }
    if (write) markDirty(this.#mm, this.#mm.folios.head(pfn));
    return this.#end('mapped');
  }

  /** Maps a page whose folio is in the swap cache. */
  #mapCached(pfn: Pfn): void {
    const { folios, readahead } = this.#mm;
    const head = folios.head(pfn);
    readahead.found(this.#present, this.#index, folios.readahead(head));
    folios.setReadahead(head, false);
    mapPage(this.#mm, this.#present, this.#index, pfn);
    // Kept for the sake of others, or as the only copy, it needs no slots without them.
    if (folios.dirty(head) && !folios.writeback(head)) dropSwap(this.#mm, head);
  }

  /** The largest order whose aligned range around the page is untouched. */
  #anonymousOrder(largest: number): number {
    const region = this.#present;
    for (let order = largest; order > 0; order -= 1) {
      const pages = 2 ** order;
      const first = this.#index - (this.#index % pages);
      const end = first + pages;
      if (end <= region.pageCount && region.table.next(first, end) === end) return order;
    }
    return 0;
  }

  /** First page of the folio to be made. */
  get #first(): number {
    return this.#index - (this.#index % 2 ** this.#order);
  }

  #takeFrames(): FaultResult | undefined {
    const { stats, memcgs } = this.#mm;
    for (;;) {
      const isReclaiming = this.#claim.underWay;
      if (!isReclaiming) this.#frames = this.#claim.allocate(this.#order);
      if (this.#frames !== 0) break;
      if (!isReclaiming && this.#order > 0 && this.#triedReclaim) {
        const events = present(stats.orders[this.#order]);
        if (this.#kind === 'swap') events.swpin_fallback += 1;
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
    this.#stage = this.#kind === 'swap' ? 'swap-in' : 'charge';
    if (this.#kind === 'swap') {
      this.#swapIn.begin(this.#present, this.#index, this.#slot, this.#frames, this.#order);
      this.#frames = 0 as Pfn;
    }
    return undefined;
  }

  /** Tries again with smaller folios. */
  #smaller(largest: number): undefined {
    this.#dropFrames();
    this.#largest = largest;
    this.#stage = 'look';
    return undefined;
  }

  /** Charges the frames of a new page. */
  #charge(): FaultResult | undefined {
    const region = this.#present;
    const memcg = this.#mm.payer(region);
    const pages = 2 ** this.#order;
    const result = this.#claim.charge(memcg, pages);
    if (result === 'waiting') return 'waiting';
    if (result !== 'ok') {
      if (this.#order > 0) return this.#smaller(0);
      this.#dropFrames();
      if (result === 'blocked') return this.#end('blocked');
      return this.#kind === 'copy' ? this.#retreat() : this.#fail(ENOMEM);
    }
    this.#payer = memcg;
    this.#stage = 'map';
    const { nowait } = this.#access;
    return !nowait && this.#mm.rt.point('mm.fault.charged', this.#owner) ? 'waiting' : undefined;
  }

  /** Maps the new page if it is still wanted. */
  #map(): undefined {
    const region = this.#present;
    const memcg = present(this.#payer);
    if (this.#kind === 'anonymous') this.#mapAnonymous(region, memcg);
    else this.#mapCopy(region, memcg);
    this.#dropSource();
    this.#stage = 'look';
    return undefined;
  }

  #mapAnonymous(region: Region, memcg: Memcg): void {
    const { frames, stats } = this.#mm;
    const first = this.#first;
    const pages = 2 ** this.#order;
    if (!region.mapped || region.table.next(first, first + pages) < first + pages) {
      this.#unclaim(memcg, pages);
      return;
    }
    const pfn = this.#newFolio(region, memcg, first);
    for (let i = 0; i < pages; i += 1) {
      frames.zero((pfn + i) as Pfn);
      mapPage(this.#mm, region, first + i, (pfn + i) as Pfn);
    }
    present(stats.orders[this.#order]).anon_fault_alloc += 1;
    addToLru(this.#mm, pfn, false);
  }

  /** Gives a page that is shared a copy of its own here. @see mm/memory.c wp_page_copy */
  #mapCopy(region: Region, memcg: Memcg): void {
    const pte = region.table.get(this.#index);
    const isShared = pteIsPresent(pte) && !isExclusive(this.#mm, region, this.#index, ptePfn(pte));
    if (!isShared) {
      this.#unclaim(memcg, 1);
      return;
    }
    const old = ptePfn(pte);
    const pfn = this.#newFolio(region, memcg, this.#index);
    this.#mm.frames.copyPage(old, pfn);
    const head = this.#mm.folios.head(old);
    this.#mm.folios.dropMap(head);
    region.table.set(this.#index, PTE_NONE);
    mapPage(this.#mm, region, this.#index, pfn);
    this.#mm.stats.events.pgcow += 1;
    addToLru(this.#mm, pfn, false);
    settleFolio(this.#mm, head);
  }

  /** The claimed frames as a dirty folio of the region. */
  #newFolio(region: Region, memcg: Memcg, index: number): Pfn {
    const pfn = this.#frames;
    this.#frames = 0 as Pfn;
    beginFolio(this.#mm, pfn, this.#order, memcg, region, index);
    this.#mm.folios.setUptodate(pfn, true);
    this.#mm.folios.setDirty(pfn, true);
    return pfn;
  }

  /** Somebody else was quicker: gives charged frames back. */
  #unclaim(memcg: Memcg, pages: number): void {
    memcg.unchargeFrames(pages);
    this.#dropFrames();
  }

  #runSwapIn(): FaultResult | undefined {
    const result = this.#swapIn.run();
    if (result !== 'waiting') this.#isMajor = true;
    switch (result) {
      case 'waiting':
        return 'waiting';
      case 'blocked':
        return this.#end('blocked');
      case 'smaller':
        return this.#smaller(0);
      case 'no-room':
        return this.#retreat();
      case 'failed':
        this.error = this.#swapIn.error;
        return this.#end('failed');
      case 'again':
        break;
    }
    this.#stage = 'look';
    return undefined;
  }

  /**
   * The group has no room while this fault holds a slot, or the source of a copy. It may be just
   * that, or what another fault holds that has as little room: so it gives all up, makes room, and
   * begins anew.
   *
   * @see mm/oom_kill.c pagefault_out_of_memory, after which the fault is tried again, too
   */
  #retreat(): FaultResult | undefined {
    this.#dropSource();
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
