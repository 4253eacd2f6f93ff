/**
 * Readahead: when a page has to be read from the device, its neighbours that lie there, too, are
 * read with it. They come into the swap cache, clean and mapped nowhere, and whoever faults on one
 * finds it there; who never comes costs a frame until reclaim gets to it.
 *
 * Neighbours in the pool are left there. The kernel takes them in as well, and out of the pool with
 * that, which is why many turn readahead off together with zswap; decompression is so quick that
 * there is nothing to gain. And only pages of the faulting region come: those beside them on the
 * area may be another group's, which would be charged for them.
 *
 * @see mm/swap_state.c swap_vma_readahead, swap_cluster_readahead
 */
import { assert, present } from '../std/assert.ts';
import { OK } from '../std/errno.ts';
import type { Pfn } from '../page/frames.ts';
import type { SlotWaiter } from '../swap/cache.ts';
import { BIO_PAGES, type Bio } from '../swap/device/device.ts';
import type { SwapSlot } from '../swap/table.ts';
import { addToLru, beginFolio, enterSwapCache, reapFolio } from './folio-life.ts';
import type { Mm } from './mm.ts';
import { pteIsSwap, pteSlot } from './page-table.ts';
import { ClusterReadahead } from './readahead.ts';
import type { Region } from './region.ts';

/** Which neighbours: by place in the region, or by place on the swap area. */
export type ReadaheadMode = 'region' | 'cluster';

/** Pages to both sides of a fault that are looked at for slots of a cluster. */
const CLUSTER_REACH = 32;

/** Consecutive device pages that are being read ahead. */
class ReadaheadRun implements SlotWaiter {
  nextWaiter: SlotWaiter | undefined;
  readonly #mm: Mm;
  readonly #slots = new Float64Array(BIO_PAGES);
  readonly #frames = new Uint32Array(BIO_PAGES);
  readonly #put: (run: ReadaheadRun) => void;
  readonly #bioDone = (): void => this.#mm.rt.wake(this);
  #region: Region | undefined;
  #bio: Bio | undefined;
  #count = 0;

  constructor(mm: Mm, put: (run: ReadaheadRun) => void) {
    this.#mm = mm;
    this.#put = put;
  }

  begin(region: Region, bio: Bio): void {
    assert(this.#bio === undefined);
    this.#region = region;
    this.#bio = bio;
    this.#count = 0;
  }

  /** Says whether a device page comes after those of the run. */
  takes(devicePage: number): boolean {
    if (this.#count === 0) return true;
    return this.#count < BIO_PAGES && devicePage === present(this.#bio).devicePage + this.#count;
  }

  /** Adds a page whose slot is nobody's; false: there is no frame for it. */
  add(index: number, slot: SwapSlot): boolean {
    const region = present(this.#region);
    const { frames, swap } = this.#mm;
    if (region.memcg.overMemoryMax(1) !== undefined) return false;
    const pfn = frames.allocate(0);
    if (pfn === 0) return false;
    const taken = swap.cache.tryLock(slot, this);
    assert(taken);
    region.memcg.chargeFrames(1);
    beginFolio(this.#mm, pfn, 0, region, index);
    this.#mm.folios.pin(pfn);
    if (this.#count === 0) present(this.#bio).devicePage = swap.table.payload(slot);
    this.#slots[this.#count] = slot;
    this.#frames[this.#count] = pfn;
    this.#count += 1;
    return true;
  }

  /** Reads what was added; a run of none is given back. */
  submit(): void {
    const { backing } = this.#mm.swap;
    const bio = this.#bio;
    assert(backing !== undefined && bio !== undefined);
    if (this.#count === 0) {
      this.#end(bio);
      return;
    }
    bio.pageCount = this.#count;
    bio.onDone = this.#bioDone;
    backing.submit(bio, false);
  }

  /** The device has answered. */
  resume(): void {
    const { swap, stats } = this.#mm;
    const { backing, cache } = swap;
    const bio = this.#bio;
    const region = present(this.#region);
    assert(backing !== undefined && bio !== undefined);
    if (bio.error !== OK) backing.countError(false);
    for (let i = 0; i < this.#count; i += 1) {
      const pfn = present(this.#frames[i]) as Pfn;
      const slot = present(this.#slots[i]) as SwapSlot;
      const isRead = bio.error === OK && backing.verify(bio, i);
      if (isRead) {
        this.#publish(pfn, slot, present(bio.pages[i]));
        stats.events.swap_ra += 1;
        swap.vmstat.pswpin += 1;
        region.memcg.events.pswpin += 1;
      }
      this.#mm.folios.unpin(pfn);
      if (isRead) addToLru(this.#mm, pfn, false);
      // What could not be read is read again, and the error told, when somebody asks for it.
      cache.unlock(slot, this);
      reapFolio(this.#mm, pfn);
    }
    this.#end(bio);
  }

  #publish(pfn: Pfn, slot: SwapSlot, page: Uint8Array): void {
    const { folios, frames } = this.#mm;
    frames.view(pfn).set(page);
    folios.setUptodate(pfn, true);
    folios.setReadahead(pfn, true);
    enterSwapCache(this.#mm, pfn, slot);
  }

  #end(bio: Bio): void {
    this.#bio = undefined;
    this.#region = undefined;
    present(this.#mm.swap.backing).bios.put(bio);
    this.#put(this);
  }
}

export class SwapReadahead {
  mode: ReadaheadMode = 'region';
  /** Log2 of the pages in a window at most (kernel `page-cluster`); 0: none. */
  pageCluster: number;
  readonly #mm: Mm;
  readonly #cluster: ClusterReadahead = new ClusterReadahead();
  readonly #spare: ReadaheadRun[] = [];
  /** Runs that have been submitted. */
  #underWay = 0;

  constructor(mm: Mm, pageCluster: number) {
    this.#mm = mm;
    this.pageCluster = pageCluster;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Notes that a fault has found its page in the swap cache, read ahead or not. */
  found(region: Region, index: number, readAhead: boolean): void {
    region.readahead.found(index, readAhead);
    if (!readAhead) return;
    this.#cluster.hit();
    this.#mm.stats.events.swap_ra_hit += 1;
  }

  /**
   * Begins to read the neighbours of a page that is being read. Does nothing where frames are
   * short.
   */
  start(region: Region, index: number, slot: SwapSlot): void {
    if (this.pageCluster === 0) return;
    if (this.mode === 'region') {
      region.readahead.plan(index, region.pageCount, this.pageCluster);
      this.#read(region, index, region.readahead.start, region.readahead.end, 0, Infinity);
      return;
    }
    const { area } = this.#mm.areas.ofSlot(slot);
    this.#cluster.plan(slot - area.firstSlot, area.pageCount, this.pageCluster);
    const first = Math.max(0, index - CLUSTER_REACH);
    const end = Math.min(region.pageCount, index + CLUSTER_REACH);
    const { start } = this.#cluster;
    const from = area.firstSlot + start;
    this.#read(region, index, first, end, from, area.firstSlot + this.#cluster.end);
  }

  /** Reads pages `first` to before `end`, but for one, whose slots are from `from` to before `to`. */
  #read(region: Region, but: number, first: number, end: number, from: number, to: number): void {
    const { swap, frames, reclaim } = this.#mm;
    let run: ReadaheadRun | undefined;
    for (let index = first; index < end; index += 1) {
      const slot = index === but ? -1 : this.#wanted(region, index);
      if (slot < from || slot >= to) continue;
      if (frames.freePages <= reclaim.lowWatermark) break;
      if (run?.takes(swap.table.payload(slot as SwapSlot)) === false) {
        this.#submit(run);
        run = undefined;
      }
      run ??= this.#take(region);
      if (run === undefined || !run.add(index, slot as SwapSlot)) break;
    }
    if (run !== undefined) this.#submit(run);
  }

  /** The slot of a page that lies on the device and that nobody has or is at; -1: it is none. */
  #wanted(region: Region, index: number): number {
    const { swap, swapCache } = this.#mm;
    const pte = region.table.get(index);
    if (!pteIsSwap(pte)) return -1;
    const slot = pteSlot(pte);
    if (swap.table.kind(slot) !== 'device' || swapCache.get(slot) !== 0) return -1;
    return swap.cache.isBusy(slot) ? -1 : slot;
  }

  #take(region: Region): ReadaheadRun | undefined {
    const bio = present(this.#mm.swap.backing).bios.tryTake();
    if (bio === undefined) return undefined;
    const run = this.#spare.pop() ?? new ReadaheadRun(this.#mm, (ended) => this.#ended(ended));
    run.begin(region, bio);
    return run;
  }

  #submit(run: ReadaheadRun): void {
    this.#underWay += 1;
    run.submit();
  }

  #ended(run: ReadaheadRun): void {
    this.#underWay -= 1;
    this.#spare.push(run);
  }
}
