/**
 * Swap write: pages that zswap has refused go to the device. Those of many folios are collected in
 * one bio, and written when it is full or the run of reclaim is over. A folio is out with the last
 * of its pages. Where the device takes no more, all folios are kept of which a page is collected.
 *
 * @see mm/page_io.c swap_writeout, swap_write_unplug
 */
import { assert, present } from '../../std/assert.ts';
import { OK } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { Pfn } from '../../page/frames.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import { BIO_PAGES, type Bio } from '../../swap/device/device.ts';
import type { SwapSlot } from '../../swap/table.ts';
import type { FolioPages } from '../../zswap/store-folio.ts';
import type { Mm } from '../mm.ts';
import type { SwapOutEnd } from './swap-out-end.ts';

/**
 * What has become of a folio, or of all that was collected. `freed`: it is on the device, and its
 * frames are free. `collected`: so it will be after {@link SwapWrite.flush}. `kept`: it is on its
 * list again. `waiting`: the owner has been parked, and calls {@link SwapWrite.run} when resumed.
 */
export type SwapWriteResult = 'freed' | 'collected' | 'kept' | 'waiting';

type Stage = 'idle' | 'collect' | 'collect-bio' | 'flush' | 'flushing';

/** Pages of folios on their way to the device, in one bio; preallocated in a `SwapOut`. */
export class SwapWrite {
  readonly #mm: Mm;
  readonly #owner: SlotWaiter;
  readonly #end: SwapOutEnd;
  #stage: Stage = 'idle';
  /** The folio in work, its pages and the next of them to collect; 0: none. */
  #pfn = 0 as Pfn;
  #pages: FolioPages | undefined;
  #next = 0;
  #bio: Bio | undefined;
  /** Pages collected in the bio, and their frames. */
  #count = 0;
  readonly #frames = new Uint32Array(BIO_PAGES);
  readonly #bioDone = (): void => this.#mm.rt.wake(this.#owner);
  #lastResult: SwapWriteResult = 'freed';

  /**
   * @param owner - has the slots of the folios, and is woken
   * @param end - where folios go whose pages are written, or cannot be
   */
  constructor(mm: Mm, owner: SlotWaiter, end: SwapOutEnd) {
    this.#mm = mm;
    this.#owner = owner;
    this.#end = end;
  }

  /** Pages that are collected and not on the device yet. */
  get collectedPages(): number {
    return this.#count;
  }

  /**
   * Collects a folio's pages, and writes whenever the bio is full.
   *
   * @param pages - what they contain; undefined for one that is zero-filled, and stays out
   */
  collect(pfn: Pfn, pages: FolioPages): SwapWriteResult {
    assert(this.#stage === 'idle');
    this.#pfn = pfn;
    this.#pages = pages;
    this.#next = 0;
    this.#stage = 'collect';
    return this.run();
  }

  /** Writes what has been collected; `freed` or `kept` when all of it has ended, or `waiting`. */
  flush(): SwapWriteResult {
    assert(this.#stage === 'idle');
    this.#lastResult = 'freed';
    if (this.#count === 0) return 'freed';
    this.#stage = 'flush';
    return this.run();
  }

  /** Goes on after a wait; the result is that of the folio in work, or of {@link flush}. */
  run(): SwapWriteResult {
    for (;;) {
      switch (this.#stage) {
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
      const page = present(this.#pages).page(this.#next);
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
    this.#pfn = 0 as Pfn;
    this.#stage = 'idle';
    this.#lastResult = 'collected';
    const last = this.#count === 0 ? 0 : present(this.#frames[this.#count - 1]);
    if (last < pfn || last >= pfn + folios.pages(pfn))
      this.#lastResult = this.#end.settle(pfn) ? 'freed' : 'kept';
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
    if (head !== this.#pfn && this.#isLast(head, frame)) this.#end.settle(head);
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
      this.#end.countUnplaced();
      if (head !== this.#pfn) this.#end.keep(head);
    }
    if (this.#pfn !== 0) this.#end.keep(this.#pfn);
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
}
