/**
 * Writeback: the coldest entries of one group go to the backing device, in one run of consecutive
 * pages per batch. The entry stays, and reads are served from it, until the device has
 * acknowledged; any failure leaves it where it was.
 *
 * For each candidate, in this order: give a second chance to one that was used, where the policy is
 * so; rotate it before
 * anything else, so that nobody else picks it and a failure needs no putting back; note its slot
 * and index, after which the index is only something to compare with; take the slot without
 * waiting; look up again and compare; decompress. Then for the batch: write, wait, compare again,
 * change the slots over, which frees the entries.
 *
 * @see mm/zswap.c shrink_memcg_cb, zswap_writeback_entry
 */
import { assert, present } from '../std/assert.ts';
import { OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Memcg } from '../memcg/memcg.ts';
import type { Task } from '../rt/rt.ts';
import { BIO_PAGES, Bio } from '../swap/device/device.ts';
import type { SwapSlot } from '../swap/table.ts';
import type { ZswapEntryIndex } from './entry.ts';
import { decompress } from './load.ts';
import type { Zswap } from './zswap.ts';

/**
 * Pages that are brought in, or changed over, before others get their turn: a read of a page in the
 * pool must not wait for a whole batch.
 */
const SLICE_PAGES = 8;

type Stage = 'idle' | 'walk' | 'picked' | 'submit' | 'writing' | 'written';

/** One batch under way, preallocated with memory of its own, so that it never waits for any. */
export class Writeback implements Task {
  /** Candidates looked at, those that got a second chance included. */
  scanned = 0;
  /** Entries written and freed, and their compressed bytes. */
  written = 0;
  writtenBytes = 0;
  /** Compressed bytes that will be free once the device has acknowledged. */
  pendingBytes = 0;
  /** A candidate's slot was busy: what comes next in the list is warm. */
  hitSwapCache = false;
  /** Called from an empty stack when a batch that had to wait has ended. Set by its user. */
  onEnd: (writeback: Writeback) => void = () => {};
  /**
   * Called when something has gone to the device: the batch takes no more, and what is pending is
   * known. Again for each run of a batch that no single one took. Must only make others runnable.
   */
  onSubmit: (writeback: Writeback) => void = () => {};
  readonly #zswap: Zswap;
  readonly #bio = new Bio();
  readonly #slots = new Float64Array(BIO_PAGES);
  readonly #indices = new Uint32Array(BIO_PAGES);
  #count = 0;
  /** Pages of the bio that have been changed over. */
  #finished = 0;
  #budget = 0;
  #pagesMax = 0;
  #stage: Stage = 'idle';
  #memcg: Memcg | undefined;
  #pickedSlot = 0 as SwapSlot;
  #pickedIndex = 0 as ZswapEntryIndex;

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
    this.#bio.onDone = () => this.#zswap.rt.wake(this);
  }

  get memcg(): Memcg {
    return present(this.#memcg);
  }

  get underWay(): boolean {
    return this.#stage !== 'idle';
  }

  /** Still taking entries: what is pending can become more. */
  get collecting(): boolean {
    return this.#stage === 'walk' || this.#stage === 'picked';
  }

  /**
   * Begins a batch of a group. Each of its entries is looked at once at most.
   *
   * @param scan - candidates to look at, at most
   * @param pages - entries to write, at most
   * @returns true if it has ended already, with nothing written; else `onEnd` is called
   */
  begin(memcg: Memcg, scan: number, pages: number = BIO_PAGES): boolean {
    assert(this.#stage === 'idle');
    this.#memcg = memcg;
    this.#budget = Math.min(scan, this.#zswap.lru.lengthOf(memcg.id));
    this.#pagesMax = Math.min(pages, BIO_PAGES);
    this.scanned = 0;
    this.written = 0;
    this.writtenBytes = 0;
    this.pendingBytes = 0;
    this.hitSwapCache = false;
    this.#stage = 'walk';
    return this.#run();
  }

  resume(): void {
    if (this.#run()) this.onEnd(this);
  }

  /** Runs as far as it goes; true: the batch has ended. */
  #run(): boolean {
    const { rt } = this.#zswap;
    for (;;) {
      switch (this.#stage) {
        case 'walk':
          if (this.#pick() && rt.point('zswap.writeback.picked', this)) return false;
          break;
        case 'picked':
          this.#take();
          if (rt.point('zswap.writeback.taken', this)) return false;
          if (this.#sliceEnds(this.#count)) return false;
          break;
        case 'submit':
          if (this.#count === 0) return this.#end();
          if (this.#submit()) return false;
          break;
        case 'writing':
          this.#noteWritten();
          break;
        case 'written':
          if (this.#finishNext() && this.#sliceEnds(this.#finished)) return false;
          break;
        case 'idle':
          assert(false, 'writeback is not under way');
      }
    }
  }

  /** Lets others run after some pages, unless these were the last. */
  #sliceEnds(pages: number): boolean {
    const last = this.#stage === 'written' ? this.#bio.pageCount : this.#pagesMax;
    if (pages === 0 || pages === last || pages % SLICE_PAGES !== 0) return false;
    this.#zswap.rt.yieldTask(this);
    return true;
  }

  #end(): boolean {
    this.#stage = 'idle';
    return true;
  }

  /** Looks at the next of the list; true: it is a candidate. May end the walk instead. */
  #pick(): boolean {
    const { entries, lru, params } = this.#zswap;
    // The number of a group that has gone may be another's by now.
    const { id, online } = this.memcg;
    const more = online && this.#count < this.#pagesMax && this.#budget > 0;
    const index = more ? lru.oldest(id) : 0;
    if (index === 0) {
      this.#stage = 'submit';
      return false;
    }
    this.#budget -= 1;
    this.scanned += 1;
    lru.rotate(id, index);
    if (entries.referenced(index)) {
      entries.setReferenced(index, false);
      if (params.shrinkerPolicy === 'second_chance') return false;
    }
    this.#pickedIndex = index as ZswapEntryIndex;
    this.#pickedSlot = this.#zswap.slotOf(index);
    this.#stage = 'picked';
    return true;
  }

  /** Takes the candidate's slot and brings its page into the bio. */
  #take(): void {
    const { swap, stats } = this.#zswap;
    const slot = this.#pickedSlot;
    if (!swap.cache.tryLock(slot, this)) {
      // Never wait here: the owner may be waiting for what this batch will free.
      stats.reject_reclaim_fail += 1;
      this.hitSwapCache = true;
      this.#stage = 'submit';
      return;
    }
    this.#stage = 'walk';
    const page = present(this.#bio.pages[this.#count]);
    // So may be the slot: a group is offline before its area's slots are given out again.
    if (this.memcg.online && this.#isStill(slot, this.#pickedIndex)) {
      if (decompress(this.#zswap, this.#pickedIndex, page, 0)) {
        swap.cache.share(slot, this);
        this.#slots[this.#count] = slot;
        this.#indices[this.#count] = this.#pickedIndex;
        this.#count += 1;
        this.pendingBytes += this.#zswap.entries.lengthOf(this.#pickedIndex);
        return;
      }
      stats.decompress_fail += 1;
    }
    stats.reject_reclaim_fail += 1;
    swap.cache.unlock(slot, this);
  }

  #isStill(slot: SwapSlot, index: ZswapEntryIndex): boolean {
    const { table } = this.#zswap.swap;
    return table.kind(slot) === 'entry' && table.payload(slot) === index;
  }

  /** Starts writing what was collected, as much as one free run takes; false if there is none. */
  #submit(): boolean {
    const { backing } = this.#zswap.swap;
    // The device may have gone while a batch that takes entries let others run.
    if (backing === undefined || backing.allocate(this.#bio, this.#count) === 0) {
      this.#giveUp();
      return false;
    }
    this.#stage = 'writing';
    backing.submit(this.#bio, true);
    this.onSubmit(this);
    return true;
  }

  /** The device has answered: goes on with changing the slots over, or leaves them as they were. */
  #noteWritten(): void {
    const { backing } = this.#zswap.swap;
    const bio = this.#bio;
    assert(backing !== undefined);
    if (bio.error !== OK) {
      if (backing.refused(bio)) this.#stage = 'submit';
      else this.#giveUp();
      return;
    }
    this.#finished = 0;
    this.#stage = 'written';
  }

  /** Changes the next of the written slots over; false if that was the end of it. */
  #finishNext(): boolean {
    const bio = this.#bio;
    if (this.#finished < bio.pageCount) {
      this.#finishPage(this.#finished, bio.devicePage + this.#finished);
      this.#finished += 1;
      return true;
    }
    const { trace } = this.#zswap;
    if (trace.writeback.hasSubscribers) {
      trace.writeback.publish({ group: this.memcg.name, pages: bio.pageCount });
    }
    const left = this.#count - bio.pageCount;
    bio.bytes.copyWithin(0, bio.pageCount * PAGE_SIZE, this.#count * PAGE_SIZE);
    this.#slots.copyWithin(0, bio.pageCount, this.#count);
    this.#indices.copyWithin(0, bio.pageCount, this.#count);
    this.#count = left;
    this.#stage = 'submit';
    return false;
  }

  #finishPage(place: number, devicePage: number): void {
    const { swap, entries, stats } = this.#zswap;
    const slot = present(this.#slots[place]) as SwapSlot;
    const index = present(this.#indices[place]) as ZswapEntryIndex;
    // Nobody can have changed the slot while it was owned; a protocol that errs must not lose data.
    assert(this.#isStill(slot, index), 'a slot under writeback has changed');
    const length = entries.lengthOf(index);
    this.pendingBytes -= length;
    this.written += 1;
    this.writtenBytes += length;
    stats.written_back_pages += 1;
    swap.vmstat.zswpwb += 1;
    swap.vmstat.pswpout += 1;
    const owner = this.#zswap.memcgs.get(entries.memcg(index));
    owner.events.zswpwb += 1;
    owner.events.pswpout += 1;
    present(swap.backing).acknowledge(this.#bio, place);
    swap.setDevice(slot, devicePage);
    swap.cache.unlock(slot, this);
  }

  /** Leaves all entries that are not written yet where they are. */
  #giveUp(): void {
    const { swap, stats } = this.#zswap;
    for (let i = 0; i < this.#count; i += 1) {
      swap.cache.unlock(present(this.#slots[i]) as SwapSlot, this);
    }
    stats.reject_reclaim_fail += this.#count;
    this.#count = 0;
    this.pendingBytes = 0;
    this.#stage = 'submit';
  }
}
