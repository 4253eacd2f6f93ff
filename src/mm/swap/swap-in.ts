/**
 * Swap-in: brings the page of a fault, or the aligned range of a large folio around it, from its
 * slots into frames. All slots are owned before anything is decided, so what each holds is settled:
 * the pages in the pool are decompressed, zero ones cleared, those on the device read, in whatever
 * mixture, and no stale copy can be among them.
 *
 * A single page is taken over: its entry goes, and the folio is dirty and in the swap cache in the
 * same section. The pages of a large folio, and a page of the direct mode, leave their entries
 * where they are; so giving up at any point loses nothing.
 *
 * @see mm/memory.c do_swap_page, mm/page_io.c swap_read_folio, mm/zswap.c zswap_load
 */
import { assert, present } from '../../std/assert.ts';
import { EBADMSG, EIO, OK, type Errno } from '../../std/errno.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { Pfn } from '../../page/frames.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import { BIO_PAGES, type Bio } from '../../swap/device/device.ts';
import { Slice } from '../../rt/slice.ts';
import type { SwapSlot } from '../../swap/table.ts';
import { loadPage } from '../../zswap/load.ts';
import {
  addToLru,
  beginFolio,
  dropSwap,
  enterSwapCache,
  mapPage,
  reapFolio,
} from '../folio-life.ts';
import type { FrameClaim } from '../reclaim/frame-claim.ts';
import type { Mm } from '../mm.ts';
import { pteIsSwap, pteSlot, swapPte } from '../page-table.ts';
import type { Region } from '../region.ts';

/**
 * Outcome. `again`: the page is mapped, or it is elsewhere by now; look. `smaller`: not as a large
 * folio. `no-room`: its group has none for it as long as it owns the slot. `failed`: `error` says
 * why. `blocked`, `waiting`: as for a fault.
 */
export type SwapInResult = 'again' | 'smaller' | 'no-room' | 'failed' | 'blocked' | 'waiting';

/** Pages that are loaded in one go: more are loaded in slices, between which others run. */
const PAGES_AT_ONCE = 32;

type Stage = 'lock' | 'locked' | 'charge' | 'load' | 'bio' | 'reading' | 'loaded';

export class SwapIn {
  error: Errno = OK;
  readonly #mm: Mm;
  readonly #owner: SlotWaiter;
  readonly #claim: FrameClaim;
  readonly #slice: Slice;
  readonly #bioDone = (): void => this.#mm.rt.wake(this.#owner);
  #stage: Stage = 'lock';
  #region: Region | undefined;
  #index = 0;
  #first = 0;
  #slot = 0 as SwapSlot;
  #pfn = 0 as Pfn;
  #order = 0;
  #pages = 0;
  #direct = false;
  #isTransfer = false;
  /** Pages that are in, and those of them that came from the pool and from the device. */
  #next = 0;
  #fromPool = 0;
  #fromDevice = 0;
  #bio: Bio | undefined;

  constructor(mm: Mm, owner: SlotWaiter, claim: FrameClaim) {
    this.#mm = mm;
    this.#owner = owner;
    this.#claim = claim;
    this.#slice = new Slice(mm.rt);
  }

  /**
   * The largest order, up to `largest`, for which the aligned range around a page is swapped out to
   * an aligned run of slots of which none is in the swap cache or busy. Only a guess: it is
   * looked at again when the slots are owned.
   *
   * @see mm/memory.c alloc_swap_folio
   */
  chooseOrder(region: Region, index: number, slot: SwapSlot, largest: number): number {
    if (this.#mm.largeSwapin === 'never-with-zswap') return 0;
    for (let order = largest; order > 0; order -= 1) {
      const within = index % 2 ** order;
      if ((slot - within) % 2 ** order !== 0 || index - within + 2 ** order > region.pageCount) {
        continue;
      }
      const first = (slot - within) as SwapSlot;
      if (this.#isRun(region, index - within, first, 2 ** order, true)) return order;
    }
    return 0;
  }

  /** Begins with uncharged frames of an order for the page at `index`, last seen at `slot`. */
  begin(region: Region, index: number, slot: SwapSlot, frames: Pfn, order: number): void {
    assert(this.#stage === 'lock' && this.#pfn === 0);
    this.#region = region;
    this.#index = index;
    this.#pages = 2 ** order;
    this.#first = index - (index % this.#pages);
    this.#slot = (slot - (index - this.#first)) as SwapSlot;
    this.#pfn = frames;
    this.#order = order;
    this.#next = 0;
    this.#fromPool = 0;
    this.#fromDevice = 0;
    this.error = OK;
  }

  /** Runs as far as it goes. */
  run(): SwapInResult {
    for (;;) {
      const result = this.#step();
      if (result !== undefined) return result;
    }
  }

  #step(): SwapInResult | undefined {
    switch (this.#stage) {
      case 'lock':
        return this.#lock();
      case 'locked':
        return this.#lookAgain();
      case 'charge':
        return this.#charge();
      case 'load':
        return this.#load();
      case 'bio':
        this.#bio = present(this.#mm.swap.backing).bios.takePromised();
        return this.#read(this.#bio);
      case 'reading':
        return this.#finishRead();
      case 'loaded':
        return this.#install();
    }
  }

  #slotOf(i: number): SwapSlot {
    return (this.#slot + i) as SwapSlot;
  }

  /** Says whether pages are swapped out to consecutive slots whose folios are not cached. */
  #isRun(region: Region, first: number, slot: SwapSlot, pages: number, idle: boolean): boolean {
    const { swapCache, swap } = this.#mm;
    for (let i = 0; i < pages; i += 1) {
      const each = (slot + i) as SwapSlot;
      if (region.table.get(first + i) !== swapPte(each) || swapCache.get(each) !== 0) return false;
      if (idle && swap.cache.isBusy(each)) return false;
    }
    return true;
  }

  #lock(): SwapInResult | undefined {
    const { cache } = this.#mm.swap;
    // As long as a PTE names a slot it cannot be another's, now or while this waits for it.
    if (!this.#isRun(present(this.#region), this.#first, this.#slot, this.#pages, false)) {
      return this.#abandon(this.#order === 0 ? 'again' : 'smaller');
    }
    if (this.#order === 0) {
      if (this.#claim.nowait && cache.isBusy(this.#slot)) return this.#abandon('blocked');
      this.#stage = 'locked';
      return cache.lock(this.#slot, this.#owner) ? undefined : 'waiting';
    }
    for (let i = 0; i < this.#pages; i += 1) {
      if (cache.tryLock(this.#slotOf(i), this.#owner)) continue;
      this.#unlock(i);
      return this.#abandon('smaller');
    }
    this.#stage = 'locked';
    return undefined;
  }

  #lookAgain(): SwapInResult | undefined {
    const region = present(this.#region);
    if (!this.#isRun(region, this.#first, this.#slot, this.#pages, false)) {
      this.#unlock(this.#pages);
      return this.#abandon(this.#order === 0 ? 'again' : 'smaller');
    }
    this.#direct = this.#mm.swapinMode === 'direct';
    for (let i = 0; i < this.#pages && this.#direct; i += 1) {
      if (this.#mm.areas.count(this.#slotOf(i)) !== 1) this.#direct = false;
    }
    this.#setTransfer(true);
    this.#stage = 'charge';
    return this.#point('mm.swap-in.locked');
  }

  #point(name: string): SwapInResult | undefined {
    return !this.#claim.nowait && this.#mm.rt.point(name, this.#owner) ? 'waiting' : undefined;
  }

  #charge(): SwapInResult | undefined {
    const region = present(this.#region);
    const memcg = this.#mm.payer(region);
    const result = this.#claim.charge(memcg, this.#pages);
    this.#setTransfer(result === 'ok');
    if (result === 'waiting') return 'waiting';
    if (result !== 'ok') {
      this.#unlock(this.#pages);
      if (this.#order > 0) return this.#abandon('smaller');
      return this.#abandon(result === 'blocked' ? 'blocked' : 'no-room');
    }
    if (!region.mapped) {
      // Its family may be gone, too, and no folio begins for one that is.
      memcg.unchargeFrames(this.#pages);
      this.#unlock(this.#pages);
      return this.#abandon('again');
    }
    beginFolio(this.#mm, this.#pfn, this.#order, memcg, region, this.#first);
    this.#mm.folios.pin(this.#pfn);
    this.#stage = 'load';
    return undefined;
  }

  /** Brings in the next pages, until one has to be read or others must have their turn. */
  #load(): SwapInResult | undefined {
    const { swap, frames, folios } = this.#mm;
    const inSlices = this.#pages > PAGES_AT_ONCE && !this.#claim.nowait;
    if (inSlices) this.#slice.begin();
    for (; this.#next < this.#pages; this.#next += 1) {
      if (inSlices && this.#slice.isOver(this.#owner)) return 'waiting';
      const slot = this.#slotOf(this.#next);
      const frame = (this.#pfn + this.#next) as Pfn;
      const kind = swap.table.kind(slot);
      if (kind === 'device') return this.#takeBio();
      if (kind === 'entry') {
        const keep = this.#direct || this.#order > 0;
        const view = frames.view(frame);
        const result = loadPage(this.#mm.zswap, slot, keep ? 'retain' : 'exclusive', view, 0);
        if (result !== 'loaded') return this.#loadFailed(EBADMSG);
        this.#fromPool += 1;
        if (!keep) folios.setDirty(this.#pfn, true);
      } else {
        assert(kind === 'zero', 'a slot without a copy and without a folio');
        frames.zero(frame);
        swap.vmstat.swpin_zero += 1;
        this.#memcg.events.swpin_zero += 1;
      }
    }
    return this.#publish();
  }

  get #memcg(): Memcg {
    return this.#mm.groupOf(this.#pfn);
  }

  #takeBio(): SwapInResult | undefined {
    const { backing } = this.#mm.swap;
    assert(backing !== undefined && !this.#claim.nowait);
    this.#bio = backing.bios.take(this.#owner);
    if (this.#bio === undefined) {
      this.#stage = 'bio';
      return 'waiting';
    }
    return this.#read(this.#bio);
  }

  /** Reads the next page, with those after it that follow on the device, too. */
  #read(bio: Bio): SwapInResult {
    const { table, backing } = this.#mm.swap;
    assert(backing !== undefined);
    bio.devicePage = table.payload(this.#slotOf(this.#next));
    bio.pageCount = 1;
    const most = Math.min(BIO_PAGES, this.#pages - this.#next);
    while (bio.pageCount < most) {
      const slot = this.#slotOf(this.#next + bio.pageCount);
      const follows = table.payload(slot) === bio.devicePage + bio.pageCount;
      if (table.kind(slot) !== 'device' || !follows) break;
      bio.pageCount += 1;
    }
    bio.onDone = this.#bioDone;
    this.#stage = 'reading';
    backing.submit(bio, false);
    const isSingle = this.#order === 0 && !this.#direct;
    if (isSingle) this.#mm.readahead.start(present(this.#region), this.#index, this.#slot);
    return 'waiting';
  }

  #finishRead(): SwapInResult | undefined {
    const { swap, frames } = this.#mm;
    const { backing } = swap;
    const bio = this.#bio;
    assert(backing !== undefined && bio !== undefined);
    const pages = bio.pageCount;
    let error: Errno = bio.error === OK ? OK : EIO;
    if (error !== OK) backing.countError(false);
    for (let i = 0; i < pages && error === OK; i += 1) {
      if (!backing.verify(bio, i)) error = EBADMSG;
      else frames.view((this.#pfn + this.#next + i) as Pfn).set(present(bio.pages[i]));
    }
    backing.bios.put(bio);
    this.#bio = undefined;
    if (error !== OK) return this.#loadFailed(error);
    swap.vmstat.pswpin += pages;
    this.#memcg.events.pswpin += pages;
    this.#memcg.diskSwapins += pages;
    this.#fromDevice += pages;
    this.#next += pages;
    this.#stage = 'load';
    return undefined;
  }

  /** A page cannot be had. Of a large folio the others may: each is tried by itself then. */
  #loadFailed(error: Errno): SwapInResult {
    this.error = error;
    const pfn = this.#pfn;
    this.#pfn = 0 as Pfn;
    this.#mm.folios.unpin(pfn);
    reapFolio(this.#mm, pfn);
    this.#unlock(this.#pages);
    return this.#abandon(this.#order === 0 ? 'failed' : 'smaller');
  }

  /** Everything is in the folio. What was taken over is reachable from here on. */
  #publish(): SwapInResult | undefined {
    const { folios, stats } = this.#mm;
    folios.setUptodate(this.#pfn, true);
    folios.setAccessed(this.#pfn, true);
    if (!this.#direct) enterSwapCache(this.#mm, this.#pfn, this.#slot);
    const events = present(stats.orders[this.#order]);
    if (this.#fromDevice > 0) events.swpin += 1;
    else if (this.#fromPool > 0) events.zswpin += 1;
    stats.events.pgmajfault += 1;
    this.#stage = 'loaded';
    return this.#point('mm.swap-in.loaded');
  }

  /** Maps what is still where it was, and gives the slots up. */
  #install(): SwapInResult {
    const { folios, areas } = this.#mm;
    const region = present(this.#region);
    const pfn = this.#pfn;
    const pages = this.#pages;
    this.#pfn = 0 as Pfn;
    const active = this.#isRecent(pfn);
    folios.unpin(pfn);
    const all = this.#isStillMapped(0, pages);
    const from = all ? 0 : this.#index - this.#first;
    const end = all ? pages : from + 1;
    const mapped = (all || this.#isStillMapped(from, end)) && !(this.#direct && !all);
    for (let i = from; i < end && mapped; i += 1) {
      mapPage(this.#mm, region, this.#first + i, (pfn + i) as Pfn);
    }
    // Its copies go with the slots.
    if (this.#direct && mapped) folios.setDirty(pfn, true);
    this.#unlock(pages);
    if (this.#direct && mapped) {
      // A copy of the region that was made meanwhile needs its slot, and what backs it.
      for (let i = 0; i < pages; i += 1) {
        if (areas.count(this.#slotOf(i)) === 0) areas.release(this.#slotOf(i));
      }
    }
    addToLru(this.#mm, pfn, active);
    // Who has found it in the swap cache meanwhile may have taken it from its slots.
    if (folios.slot(pfn) >= 0) this.#trimCopies(pfn);
    reapFolio(this.#mm, pfn);
    this.#stage = 'lock';
    this.#setTransfer(false);
    return 'again';
  }

  /** Drops copies that are not worth keeping: stale ones, and all when slots are few. */
  #trimCopies(pfn: Pfn): void {
    const { folios, areas } = this.#mm;
    // Who mapped it meanwhile and wrote to it may have made it independent already.
    if (folios.slot(pfn) < 0) return;
    if (!folios.dirty(pfn) && areas.isHalfFull && folios.mapcount(pfn) === this.#pages) {
      folios.setDirty(pfn, true);
    }
    if (folios.dirty(pfn)) dropSwap(this.#mm, pfn);
  }

  #isStillMapped(from: number, end: number): boolean {
    const region = present(this.#region);
    for (let i = from; i < end; i += 1) {
      const pte = region.table.get(this.#first + i);
      if (!pteIsSwap(pte) || pteSlot(pte) !== this.#slotOf(i)) return false;
    }
    return region.mapped;
  }

  /** Says whether the page was evicted only lately. @see mm/workingset.c workingset_refault */
  #isRecent(pfn: Pfn): boolean {
    const { areas, workingset, folios } = this.#mm;
    const shadow = areas.shadow(this.#slotOf(this.#index - this.#first));
    if (shadow === 0) return false;
    const refault = workingset.refault(this.#mm.groupOf(pfn).id, shadow, this.#pages);
    if (refault.workingset) folios.setWorkingset(pfn, true);
    return refault.activate;
  }

  /** Says whether it needs nothing any more that others who look for memory would have to give. */
  #setTransfer(isOne: boolean): void {
    if (this.#isTransfer === isOne) return;
    this.#isTransfer = isOne;
    if (isOne) this.#mm.reclaim.beginTransfer();
    else this.#mm.reclaim.endTransfer();
  }

  #unlock(count: number): void {
    for (let i = 0; i < count; i += 1) {
      this.#mm.swap.cache.unlock(this.#slotOf(i), this.#owner);
    }
  }

  /** Ends without a folio. */
  #abandon(result: SwapInResult): SwapInResult {
    if (this.#pfn !== 0) this.#mm.frames.free(this.#pfn, this.#order);
    this.#pfn = 0 as Pfn;
    this.#setTransfer(false);
    if (result === 'smaller') present(this.#mm.stats.orders[this.#order]).swpin_fallback += 1;
    this.#stage = 'lock';
    return result;
  }
}
