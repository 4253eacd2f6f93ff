/**
 * Swap-out: a folio's way from its frames to its slots. A clean one has its copies already and is
 * only unmapped. A dirty one gets slots, its PTEs are replaced by them, and its pages go to zswap,
 * or together to the device if zswap refuses one of them. Only when all are there are the frames
 * freed; whoever touches a page before finds the folio in the swap cache and maps it again. A
 * failure leaves the folio dirty in the swap cache, and nothing is lost.
 *
 * Here is what is decided about a folio; the way to the device is `swap-write.ts`, and what becomes
 * of it in the end `swap-out-end.ts`.
 *
 * @see mm/vmscan.c shrink_folio_list
 */
import { assert, present } from '../../std/assert.ts';
import { isZeroFilled } from '../../page/page.ts';
import type { Pfn } from '../../page/frames.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import { FolioStoreOp, type FolioPages } from '../../zswap/store-folio.ts';
import type { RejectReason } from '../../zswap/stats.ts';
import { addToLru, enterSwapCache, slotOf, splitFolio, unmapToSlots } from '../folio-life.ts';
import type { Mm } from '../mm.ts';
import { reclaimSlots } from './slot-reclaim.ts';
import { NO_SLOT } from './swap-areas.ts';
import { SwapOutEnd } from './swap-out-end.ts';
import { SwapWrite, type SwapWriteResult } from './swap-write.ts';

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

type Stage = 'idle' | 'store' | 'write';

export class SwapOut implements FolioPages {
  readonly #mm: Mm;
  readonly #owner: SlotWaiter;
  readonly #store = new FolioStoreOp();
  readonly #end: SwapOutEnd;
  readonly #write: SwapWrite;
  #stage: Stage = 'idle';
  /** The folio in work; 0: none. */
  #pfn = 0 as Pfn;
  #atOnce = false;

  /** @param owner - becomes the owner of slots, and is woken */
  constructor(mm: Mm, owner: SlotWaiter) {
    this.#mm = mm;
    this.#owner = owner;
    this.#end = new SwapOutEnd(mm, owner);
    this.#write = new SwapWrite(mm, owner, this.#end);
  }

  /** Pages freed since {@link begin}. */
  get freedPages(): number {
    return this.#end.freedPages;
  }

  /**
   * Folios since {@link begin} that nothing had room for, whatever is in them: another of the same
   * group would fare the same; `unplaced` are those of which this is so for any group.
   */
  get unplacedInGroup(): number {
    return this.#end.unplacedInGroup;
  }

  get unplaced(): number {
    return this.#end.unplaced;
  }

  /**
   * Readies the record.
   *
   * @param atOnce - of large folios, too, all pages are stored before others run
   */
  begin(atOnce: boolean = false): void {
    this.#atOnce = atOnce;
    assert(this.#stage === 'idle' && this.collectedPages === 0);
    this.#end.begin();
  }

  /** Pages that are collected and not on the device yet. */
  get collectedPages(): number {
    return this.#write.collectedPages;
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
      if (!folios.dirty(pfn)) {
        this.#end.drop(pfn);
        return 'freed';
      }
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
    if (this.#stage === 'write') return this.#afterWrite(this.#write.run());
    assert(this.#stage === 'store');
    const result = this.#store.run(this.#mm.zswap, this.#owner);
    if (result === 'waiting') return 'waiting';
    if (result === 'stored') return this.#stored();
    if (!this.#maySpill()) return this.#refused();
    this.#stage = 'write';
    return this.#afterWrite(this.#write.collect(this.#pfn, this));
  }

  /** Writes what has been collected; `freed` when all of it has ended, or `waiting`. */
  flush(): SwapOutResult {
    assert(this.#stage === 'idle');
    this.#stage = 'write';
    return this.#afterWrite(this.#write.flush());
  }

  /** Page i of the folio in work, for zswap and the device; undefined if it is zero-filled. */
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

  /** The areas are full, or have no run of this order. */
  #noSlots(pfn: Pfn): SwapOutResult {
    const { folios, stats } = this.#mm;
    const order = folios.order(pfn);
    if (order === 0) {
      this.#end.countUnplaced();
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
    return this.#end.settle(pfn) ? 'freed' : 'kept';
  }

  #refused(): SwapOutResult {
    const pfn = this.#pfn;
    const isOfPage = PAGE_REASONS.has(this.#store.reason);
    // Others' pages may go to the device where there is one, or may have room below their limit.
    const isOfGroup = this.#store.reason === 'memcg_limit' || this.#mm.swap.backing !== undefined;
    if (!isOfPage && isOfGroup) this.#end.unplacedInGroup += 1;
    else if (!isOfPage) this.#end.countUnplaced();
    this.#endFolio();
    this.#end.keep(pfn);
    return 'kept';
  }

  #afterWrite(result: SwapWriteResult): SwapOutResult {
    if (result !== 'waiting') this.#endFolio();
    return result;
  }

  #endFolio(): void {
    this.#pfn = 0 as Pfn;
    this.#stage = 'idle';
  }
}
