/**
 * Swap-in: brings the page of a fault, or the aligned range of a large folio around it, from its
 * slots into frames. All slots are owned before anything is decided, so what each holds is settled:
 * the pages in the pool are decompressed, zero ones cleared, those on the device read, in whatever
 * mixture, and no stale copy can be among them. Nobody can take the same page in twice, write it
 * back, or free it meanwhile.
 *
 * A single page is taken over: its entry goes, and the folio is dirty and in the swap cache in the
 * same section: so it cannot be lost when the PTE turns out to have changed. The pages of a large
 * folio, and a page of the direct mode, leave their entries where they are; so giving up at any
 * point loses nothing.
 *
 * @see mm/memory.c do_swap_page, mm/page_io.c swap_read_folio, mm/zswap.c zswap_load
 */
import { assert, present } from '../../std/assert.ts';
import { EBADMSG, OK, type Errno } from '../../std/errno.ts';
import type { Pfn } from '../../page/frames.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import { Slice } from '../../rt/slice.ts';
import type { SwapSlot } from '../../swap/table.ts';
import { loadPage } from '../../zswap/load.ts';
import {
  addToLru,
  beginFolio,
  enterSwapCache,
  mapPage,
  reapFolio,
  refaultFolio,
  trimSwap,
} from '../folio-life.ts';
import type { FrameClaim } from '../reclaim/frame-claim.ts';
import type { Mm } from '../mm.ts';
import type { Region } from '../region.ts';
import { SwapRead } from './swap-read.ts';
import { SwapRun } from './swap-run.ts';

/**
 * Outcome. `again`: the page is mapped, or it is elsewhere by now; look. `smaller`: not as a large
 * folio. `no-room`: its group has none for it as long as it owns the slot. `failed`: `error` says
 * why. `blocked`, `waiting`: as for a fault.
 */
export type SwapInResult = 'again' | 'smaller' | 'no-room' | 'failed' | 'blocked' | 'waiting';

/** Pages that are loaded in one go: more are loaded in slices, between which others run. */
const PAGES_AT_ONCE = 32;

type Stage = 'lock' | 'locked' | 'charge' | 'load' | 'read' | 'loaded';

export class SwapIn {
  error: Errno = OK;
  readonly #mm: Mm;
  readonly #owner: SlotWaiter;
  readonly #claim: FrameClaim;
  readonly #slice: Slice;
  /** The pages that come in, and the slots that they come from. */
  readonly #run = new SwapRun();
  readonly #read: SwapRead;
  #stage: Stage = 'lock';
  /** Place of the page among those that come in. */
  #within = 0;
  #pfn = 0 as Pfn;
  #order = 0;
  #direct = false;
  #isTransfer = false;
  /** Pages that are in, and those of them that came from the pool and from the device. */
  #next = 0;
  #fromPool = 0;
  #fromDevice = 0;

  constructor(mm: Mm, owner: SlotWaiter, claim: FrameClaim) {
    this.#mm = mm;
    this.#owner = owner;
    this.#claim = claim;
    this.#slice = new Slice(mm.rt);
    this.#read = new SwapRead(mm, owner);
  }

  /** Begins with uncharged frames of an order for the page at `index`, last seen at `slot`. */
  begin(region: Region, index: number, slot: SwapSlot, frames: Pfn, order: number): void {
    assert(this.#stage === 'lock' && this.#pfn === 0);
    const pages = 2 ** order;
    this.#within = index % pages;
    this.#run.begin(region, index - this.#within, (slot - this.#within) as SwapSlot, pages);
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
      case 'read':
        return this.#finishRead();
      case 'loaded':
        return this.#install();
    }
  }

  #lock(): SwapInResult | undefined {
    const { cache } = this.#mm.swap;
    // As long as a PTE names a slot it cannot be another's, now or while this waits for it.
    if (!this.#run.isUncached(this.#mm)) return this.#abandon(this.#smaller('again'));
    this.#stage = 'locked';
    if (this.#order > 0) {
      return this.#run.tryLock(cache, this.#owner) ? undefined : this.#abandon('smaller');
    }
    if (this.#claim.nowait && cache.isBusy(this.#run.slot)) return this.#abandon('blocked');
    return cache.lock(this.#run.slot, this.#owner) ? undefined : 'waiting';
  }

  #lookAgain(): SwapInResult | undefined {
    const { areas, swapinMode } = this.#mm;
    if (!this.#run.isUncached(this.#mm)) {
      this.#unlock();
      return this.#abandon(this.#smaller('again'));
    }
    this.#direct = swapinMode === 'direct' && this.#run.isUnshared(areas);
    this.#setTransfer(true);
    this.#stage = 'charge';
    return this.#point('mm.swap-in.locked');
  }

  /** What cannot be done with a large folio is tried with a single page. */
  #smaller(otherwise: SwapInResult): SwapInResult {
    return this.#order > 0 ? 'smaller' : otherwise;
  }

  #point(name: string): SwapInResult | undefined {
    return !this.#claim.nowait && this.#mm.rt.point(name, this.#owner) ? 'waiting' : undefined;
  }

  #charge(): SwapInResult | undefined {
    const region = this.#run.region;
    const memcg = this.#mm.payer(region);
    const result = this.#claim.charge(memcg, this.#run.pages);
    this.#setTransfer(result === 'ok');
    if (result === 'waiting') return 'waiting';
    if (result !== 'ok') {
      this.#unlock();
      return this.#abandon(this.#smaller(result === 'blocked' ? 'blocked' : 'no-room'));
    }
    if (!region.mapped) {
      // Its family may be gone, too, and no folio begins for one that is.
      memcg.unchargeFrames(this.#run.pages);
      this.#unlock();
      return this.#abandon('again');
    }
    beginFolio(this.#mm, this.#pfn, this.#order, memcg, region, this.#run.first);
    this.#mm.folios.pin(this.#pfn);
    this.#stage = 'load';
    return undefined;
  }

  /** Brings in the next pages, until one has to be read or others must have their turn. */
  #load(): SwapInResult | undefined {
    const { swap, frames, folios } = this.#mm;
    const inSlices = this.#run.pages > PAGES_AT_ONCE && !this.#claim.nowait;
    if (inSlices) this.#slice.begin();
    for (; this.#next < this.#run.pages; this.#next += 1) {
      if (inSlices && this.#slice.isOver(this.#owner)) return 'waiting';
      const slot = this.#run.slotAt(this.#next);
      const frame = (this.#pfn + this.#next) as Pfn;
      const kind = swap.table.kind(slot);
      if (kind === 'device') return this.#beginRead();
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
        this.#mm.groupOf(this.#pfn).events.swpin_zero += 1;
      }
    }
    return this.#publish();
  }

  /** Reads the next page, with those after it that follow on the device. */
  #beginRead(): SwapInResult {
    assert(!this.#claim.nowait);
    const { region, pages } = this.#run;
    const around = this.#order === 0 && !this.#direct ? region : undefined;
    const slot = this.#run.slotAt(this.#next);
    const frame = (this.#pfn + this.#next) as Pfn;
    this.#stage = 'read';
    this.#read.begin(slot, frame, pages - this.#next, around, this.#run.first);
    return 'waiting';
  }

  #finishRead(): SwapInResult | undefined {
    const result = this.#read.run();
    if (result === 'waiting') return 'waiting';
    if (result === 'failed') return this.#loadFailed(this.#read.error);
    this.#fromDevice += this.#read.pages;
    this.#next += this.#read.pages;
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
    this.#unlock();
    return this.#abandon(this.#smaller('failed'));
  }

  /** Everything is in the folio. What was taken over is reachable from here on. */
  #publish(): SwapInResult | undefined {
    const { folios, stats } = this.#mm;
    folios.setUptodate(this.#pfn, true);
    folios.setAccessed(this.#pfn, true);
    if (!this.#direct) enterSwapCache(this.#mm, this.#pfn, this.#run.slot);
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
    const region = this.#run.region;
    const pfn = this.#pfn;
    const pages = this.#run.pages;
    this.#pfn = 0 as Pfn;
    const active = refaultFolio(this.#mm, pfn, this.#run.slotAt(this.#within));
    folios.unpin(pfn);
    const all = this.#run.isNamed(0, pages);
    const from = all ? 0 : this.#within;
    const end = all ? pages : from + 1;
    const mapped = (all || this.#run.isNamed(from, end)) && !(this.#direct && !all);
    for (let i = from; i < end && mapped; i += 1) {
      mapPage(this.#mm, region, this.#run.first + i, (pfn + i) as Pfn);
    }
    // Its copies go with the slots.
    if (this.#direct && mapped) folios.setDirty(pfn, true);
    this.#unlock();
    if (this.#direct && mapped) this.#run.release(areas);
    addToLru(this.#mm, pfn, active);
    // Who has found it in the swap cache meanwhile may have taken it from its slots.
    if (folios.slot(pfn) >= 0) trimSwap(this.#mm, pfn);
    reapFolio(this.#mm, pfn);
    this.#stage = 'lock';
    this.#setTransfer(false);
    return 'again';
  }

  /** Says whether it needs nothing any more that others who look for memory would have to give. */
  #setTransfer(isOne: boolean): void {
    if (this.#isTransfer === isOne) return;
    this.#isTransfer = isOne;
    if (isOne) this.#mm.reclaim.beginTransfer();
    else this.#mm.reclaim.endTransfer();
  }

  #unlock(): void {
    this.#run.unlock(this.#mm.swap.cache, this.#owner);
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
