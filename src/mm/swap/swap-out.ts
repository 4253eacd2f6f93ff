/**
 * Swap-out: a folio's way from its frames to its slots. A clean one has its copies already and is
 * only unmapped. A dirty one gets slots, its PTEs are replaced by them, and its pages go to zswap,
 * or together to the device if zswap refuses one of them. Only when all are there are the frames
 * freed; whoever touches a page before finds the folio in the swap cache and maps it again. A
 * failure leaves the folio dirty in the swap cache, and nothing is lost.
 *
 * Pages that go to the device are collected, so that many folios make one write.
 *
 * @see mm/vmscan.c shrink_folio_list, mm/page_io.c swap_writeout
 */
import { assert, present } from '../../std/assert.ts';
import { OK } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { isZeroFilled } from '../../page/page.ts';
import type { Pfn } from '../../page/frames.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import { BIO_PAGES, type Bio } from '../../swap/device/device.ts';
import type { SwapSlot } from '../../swap/table.ts';
import { FolioStoreOp, type FolioPages } from '../../zswap/store-folio.ts';
import type { RejectReason } from '../../zswap/stats.ts';
import {
  addToLru,
  dropSwap,
  enterSwapCache,
  leaveSwapCache,
  reapFolio,
  settleFolio,
  slotOf,
  splitFolio,
  unmapToSlots,
} from '../folio-life.ts';
import type { Mm } from '../mm.ts';
import { reclaimSlots } from './slot-reclaim.ts';
import { NO_SLOT } from './swap-areas.ts';

/**
 * What has become of a folio. `freed`: its frames are free. `collected`: so they will be once what
 * has been collected is on the device. `kept`: nothing could be done, and it is on its list again.
 * `split`: it was large, no run of slots was free for it, and its pages are on the list one by one.
 * `waiting`: the owner has been parked, and calls {@link SwapOut.run} when resumed.
 */
export type SwapOutResult = 'freed' | 'collected' | 'kept' | 'split' | 'waiting';

/** Refusals for what is in a page: the next one may do better. */
const PAGE_REASONS: ReadonlySet<RejectReason> = new Set([
  'reject_compress_poor',
  'reject_compress_fail',
]);

type Stage = 'idle' | 'store' | 'collect' | 'collect-bio' | 'flush' | 'flushing';

export class SwapOut implements FolioPages {
  /** Pages freed since {@link begin}. */
  freedPages = 0;
  /**
   * Folios since {@link begin} that nothing had room for, whatever is in them: another of the same
   * group would fare the same; `unplaced` are those of which this is so for any group.
   */
  unplacedInGroup = 0;
  unplaced = 0;
  readonly #mm: Mm;
  readonly #owner: SlotWaiter;
  readonly #store = new FolioStoreOp();
  #stage: Stage = 'idle';
  /** The folio in work, and its next page to collect; 0: none. */
  #pfn = 0 as Pfn;
  #next = 0;
  #bio: Bio | undefined;
  /** Pages collected in the bio, and their frames. */
  #count = 0;
  readonly #frames = new Uint32Array(BIO_PAGES);
  readonly #bioDone = (): void => this.#mm.rt.wake(this.#owner);
  #lastResult: SwapOutResult = 'freed';
  #atOnce = false;

  /** @param owner - becomes the owner of slots, and is woken */
  constructor(mm: Mm, owner: SlotWaiter) {
    this.#mm = mm;
    this.#owner = owner;
  }

  /**
   * Readies the record.
   *
   * @param atOnce - of large folios, too, all pages are stored before others run
   */
  begin(atOnce: boolean = false): void {
    this.#atOnce = atOnce;
    assert(this.#stage === 'idle' && this.#count === 0);
    this.freedPages = 0;
    this.unplacedInGroup = 0;
    this.unplaced = 0;
  }

  /** Pages that are collected and not on the device yet. */
  get collectedPages(): number {
    return this.#count;
  }

  /**
   * Begins with a folio that is on no list, that nobody pins and that is not under writeback.
   *
   * @remarks Locks: takes the folio's slots, which are new or not busy. Waits: for a lane, for its
   *   group's writeback, for a bio, for the device.
   */
  evict(pfn: Pfn): SwapOutResult {
    const { folios, swap, areas } = this.#mm;
    assert(this.#stage === 'idle' && folios.pins(pfn) === 0 && !folios.lru(pfn));
    assert(folios.head(pfn) === pfn && !folios.writeback(pfn));
    const pages = folios.pages(pfn);
    if (folios.slot(pfn) >= 0) {
      for (let i = 0; i < pages; i += 1) {
        if (swap.cache.isBusy(slotOf(this.#mm, pfn, i))) return this.#putBack(pfn, false);
      }
      if (!folios.dirty(pfn)) return this.#drop(pfn);
    } else {
      assert(folios.dirty(pfn), 'a clean folio without a copy');
      let slot = areas.allocate(folios.order(pfn));
      if (slot === NO_SLOT && reclaimSlots(this.#mm)) slot = areas.allocate(folios.order(pfn));
      if (slot === NO_SLOT) return this.#noSlots(pfn);
      enterSwapCache(this.#mm, pfn, slot);
    }
    for (let i = 0; i < pages; i += 1) {
      const taken = swap.cache.tryLock(slotOf(this.#mm, pfn, i), this.#owner);
      assert(taken, 'a slot that nobody can reach is busy');
    }
    return this.#start(pfn, pages);
  }

  /** Goes on after a wait; the result is that of the folio in work, or of {@link flush}. */
  run(): SwapOutResult {
    for (;;) {
      switch (this.#stage) {
        case 'store': {
          const result = this.#store.run(this.#mm.zswap, this.#owner);
          if (result === 'waiting') return 'waiting';
          if (result === 'stored') return this.#stored();
          if (!this.#maySpill()) return this.#refused();
          this.#stage = 'collect';
          this.#next = 0;
          break;
        }
        case 'collect':
        case 'collect-bio':
          if (!this.#collect()) return 'waiting';
          break;
        case 'flush':
          if (!this.#submit()) break;
          return 'waiting';
        case 'flushing':
          this.#finishWrite();
          break;
        case 'idle':
          return this.#lastResult;
      }
    }
  }

  /** Writes what has been collected; `freed` when all of it has ended, or `waiting`. */
  flush(): SwapOutResult {
    assert(this.#stage === 'idle');
    this.#lastResult = 'freed';
    if (this.#count === 0) return 'freed';
    this.#stage = 'flush';
    return this.run();
  }

  /** Page i of the folio in work, for zswap; undefined if it is zero-filled. */
  page(index: number): Uint8Array | undefined {
    const slot = slotOf(this.#mm, this.#pfn, index);
    if (this.#mm.swap.table.kind(slot) === 'zero') return undefined;
    return this.#mm.frames.view((this.#pfn + index) as Pfn);
  }

  /** Unmaps a folio whose slots are owned, and begins to store it. */
  #start(pfn: Pfn, pages: number): SwapOutResult {
    const { folios, swap, frames, rt } = this.#mm;
    unmapToSlots(this.#mm, pfn);
    folios.pin(pfn);
    folios.setWriteback(pfn, true);
    folios.setDirty(pfn, false);
    const { events } = this.#mm.groupOf(pfn);
    for (let i = 0; i < pages; i += 1) {
      const slot = slotOf(this.#mm, pfn, i);
      if (isZeroFilled(frames.view((pfn + i) as Pfn))) {
        swap.setZero(slot);
        swap.vmstat.swpout_zero += 1;
        events.swpout_zero += 1;
      } else if (swap.table.kind(slot) === 'zero') swap.free(slot);
    }
    this.#pfn = pfn;
    const first = slotOf(this.#mm, pfn, 0);
    this.#store.begin(first, pages, this.#mm.groupOf(pfn), this, this.#atOnce);
    this.#stage = 'store';
    if (rt.point('mm.swap-out.unmapped', this.#owner)) return 'waiting';
    return this.run();
  }

  /** Frees a clean folio; its copies serve whoever touches it next. */
  #drop(pfn: Pfn): SwapOutResult {
    const pages = this.#mm.folios.pages(pfn);
    unmapToSlots(this.#mm, pfn);
    this.#noteEviction(pfn, pages);
    leaveSwapCache(this.#mm, pfn);
    reapFolio(this.#mm, pfn);
    this.freedPages += pages;
    return 'freed';
  }

  /** The areas are full, or have no run of this order. */
  #noSlots(pfn: Pfn): SwapOutResult {
    const { folios, stats } = this.#mm;
    const order = folios.order(pfn);
    if (order === 0) {
      this.#countUnplaced();
      return this.#putBack(pfn, true);
    }
    present(stats.orders[order]).swpout_fallback += 1;
    addToLru(this.#mm, pfn, false);
    splitFolio(this.#mm, pfn);
    return 'split';
  }

  #putBack(pfn: Pfn, active: boolean): SwapOutResult {
    addToLru(this.#mm, pfn, active);
    return 'kept';
  }

  /** Says whether pages that zswap refuses may go to the device. */
  #maySpill(): boolean {
    const { backing } = this.#mm.swap;
    return backing !== undefined && this.#mm.groupOf(this.#pfn).writebackEnabled();
  }

  #stored(): SwapOutResult {
    const pfn = this.#pfn;
    const order = this.#mm.folios.order(pfn);
    // A folio of zeros is nowhere but in its slots' words.
    if (this.#store.storedPages > 0) present(this.#mm.stats.orders[order]).zswpout += 1;
    this.#endFolio();
    return this.#settle(pfn) ? 'freed' : 'kept';
  }

  #refused(): SwapOutResult {
    const pfn = this.#pfn;
    const isOfPage = PAGE_REASONS.has(this.#store.reason);
    // Others' pages may go to the device where there is one, or may have room below their limit.
    const isOfGroup = this.#store.reason === 'memcg_limit' || this.#mm.swap.backing !== undefined;
    if (!isOfPage && isOfGroup) this.unplacedInGroup += 1;
    else if (!isOfPage) this.#countUnplaced();
    this.#endFolio();
    this.#keep(pfn);
    return 'kept';
  }

  #countUnplaced(): void {
    this.unplacedInGroup += 1;
    this.unplaced += 1;
  }

  #endFolio(): void {
    this.#pfn = 0 as Pfn;
    this.#stage = 'idle';
  }

  /** Copies the next pages of the folio in work into the bio; false: waits for one. */
  #collect(): boolean {
    const { swap, folios } = this.#mm;
    const { backing } = swap;
    assert(backing !== undefined);
    if (this.#stage === 'collect-bio') {
      this.#bio = backing.bios.takePromised();
      this.#stage = 'collect';
    }
    const pages = folios.pages(this.#pfn);
    for (; this.#next < pages; this.#next += 1) {
      const page = this.page(this.#next);
      if (page === undefined) continue;
      if (this.#count === BIO_PAGES) {
        this.#stage = 'flush';
        return true;
      }
      this.#bio ??= backing.bios.take(this.#owner);
      if (this.#bio === undefined) {
        this.#stage = 'collect-bio';
        return false;
      }
      present(this.#bio.pages[this.#count]).set(page);
      this.#frames[this.#count] = this.#pfn + this.#next;
      this.#count += 1;
    }
    this.#endCollecting();
    return true;
  }

  /** All pages of the folio in work are in the bio, or were in one that is on the device. */
  #endCollecting(): void {
    const pfn = this.#pfn;
    const { folios, stats } = this.#mm;
    present(stats.orders[folios.order(pfn)]).swpout += 1;
    this.#endFolio();
    this.#lastResult = 'collected';
    const last = this.#count === 0 ? 0 : present(this.#frames[this.#count - 1]);
    if (last < pfn || last >= pfn + folios.pages(pfn))
      this.#lastResult = this.#settle(pfn) ? 'freed' : 'kept';
  }

  /** Starts writing what was collected, as much as a free run takes; false: the device is full. */
  #submit(): boolean {
    const { backing } = this.#mm.swap;
    const bio = this.#bio;
    assert(backing !== undefined && bio !== undefined && this.#count > 0);
    if (backing.allocate(bio, this.#count) === 0) {
      this.#giveUp();
      return false;
    }
    bio.onDone = this.#bioDone;
    this.#stage = 'flushing';
    backing.submit(bio, true);
    return true;
  }

  #finishWrite(): void {
    const { swap } = this.#mm;
    const { backing } = swap;
    const bio = this.#bio;
    assert(backing !== undefined && bio !== undefined);
    if (bio.error !== OK) {
      if (backing.refused(bio)) this.#stage = 'flush';
      else this.#giveUp();
      return;
    }
    const written = bio.pageCount;
    for (let i = 0; i < written; i += 1) {
      backing.acknowledge(bio, i);
      this.#finishPage(present(this.#frames[i]) as Pfn, bio.devicePage + i);
    }
    bio.bytes.copyWithin(0, written * PAGE_SIZE, this.#count * PAGE_SIZE);
    this.#frames.copyWithin(0, written, this.#count);
    this.#count -= written;
    if (this.#count > 0) this.#stage = 'flush';
    else this.#endBio();
  }

  /** A page is on the device; with the last of its folio the folio is out. */
  #finishPage(frame: Pfn, devicePage: number): void {
    const { swap, folios } = this.#mm;
    const slot = folios.slot(frame) as SwapSlot;
    swap.setDevice(slot, devicePage);
    swap.vmstat.pswpout += 1;
    this.#mm.groupOf(frame).events.pswpout += 1;
    const head = folios.head(frame);
    if (head !== this.#pfn && this.#isLast(head, frame)) this.#settle(head);
  }

  /** Says whether no page of a folio after this one was collected. */
  #isLast(head: Pfn, frame: Pfn): boolean {
    const end = head + this.#mm.folios.pages(head);
    for (let page = frame + 1; page < end; page += 1) {
      const slot = this.#mm.folios.slot(page as Pfn) as SwapSlot;
      if (this.#mm.swap.table.kind(slot) !== 'zero') return false;
    }
    return true;
  }

  /** Keeps all folios of which pages are collected: the device is full, or has refused them. */
  #giveUp(): void {
    const { folios } = this.#mm;
    let end = 0;
    for (let i = 0; i < this.#count; i += 1) {
      const frame = present(this.#frames[i]) as Pfn;
      // A folio's frames are side by side; one that is kept may be gone at once.
      if (i > 0 && frame < end && frame > present(this.#frames[i - 1])) continue;
      const head = folios.head(frame);
      end = head + folios.pages(head);
      this.#countUnplaced();
      if (head !== this.#pfn) this.#keep(head);
    }
    if (this.#pfn !== 0) this.#keep(this.#pfn);
    this.#pfn = 0 as Pfn;
    this.#count = 0;
    this.#lastResult = 'kept';
    this.#endBio();
  }

  #endBio(): void {
    const { backing } = this.#mm.swap;
    assert(backing !== undefined && this.#bio !== undefined);
    backing.bios.put(this.#bio);
    this.#bio = undefined;
    this.#stage = this.#pfn === 0 ? 'idle' : 'collect';
  }

  /** A folio's pages are all where they go: frees it, unless somebody has come back to it. */
  #settle(pfn: Pfn): boolean {
    const { folios } = this.#mm;
    const pages = folios.pages(pfn);
    this.#release(pfn, pages);
    if (folios.mapcount(pfn) === 0 && folios.pins(pfn) === 0 && !folios.dirty(pfn)) {
      this.#noteEviction(pfn, pages);
      leaveSwapCache(this.#mm, pfn);
      reapFolio(this.#mm, pfn);
      this.freedPages += pages;
      return true;
    }
    if (folios.dirty(pfn)) dropSwap(this.#mm, pfn);
    addToLru(this.#mm, pfn, true);
    settleFolio(this.#mm, pfn);
    return false;
  }

  /** A folio could not be put anywhere: it stays in the swap cache, as the only copy. */
  #keep(pfn: Pfn): void {
    const { folios } = this.#mm;
    this.#release(pfn, folios.pages(pfn));
    folios.setDirty(pfn, true);
    dropSwap(this.#mm, pfn);
    addToLru(this.#mm, pfn, true);
    settleFolio(this.#mm, pfn);
  }

  /** Ends a folio's writeback: its slots are nobody's again. */
  #release(pfn: Pfn, pages: number): void {
    const { folios, swap } = this.#mm;
    folios.setWriteback(pfn, false);
    for (let i = 0; i < pages; i += 1) {
      swap.cache.unlock(slotOf(this.#mm, pfn, i), this.#owner);
    }
    folios.unpin(pfn);
  }

  /** Leaves in a folio's slots when it was evicted. */
  #noteEviction(pfn: Pfn, pages: number): void {
    const { folios, workingset, areas } = this.#mm;
    const shadow = workingset.evict(this.#mm.groupOf(pfn).id, pages, folios.workingset(pfn));
    for (let i = 0; i < pages; i += 1) {
      const slot = slotOf(this.#mm, pfn, i);
      if (areas.count(slot) > 0) areas.setShadow(slot, shadow);
    }
  }
}
