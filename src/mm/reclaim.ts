/**
 * Reclaim: frames of cold folios become free, of all groups or of one group and its descendants.
 * From each group's inactive list the oldest are looked at, more of them the longer it takes; one
 * that was used goes back, one that was used twice becomes active, the others are swapped out.
 *
 * Who needs a frame and finds none reclaims a few itself (direct reclaim) and waits only if that has
 * to; a task in the background (kswapd) keeps some free, so that this is rare.
 *
 * @see mm/vmscan.c shrink_lruvec, shrink_node_memcgs, balance_pgdat
 */
import { assert, present } from '../std/assert.ts';
import { Ring } from '../std/ring.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { DEF_PRIORITY } from '../memcg/shrinker.ts';
import type { Memcg } from '../memcg/memcg.ts';
import type { Pfn } from '../page/frames.ts';
import { Mempool } from '../rt/mempool.ts';
import { Pace } from '../rt/pace.ts';
import type { Task } from '../rt/rt.ts';
import type { SlotWaiter } from '../swap/cache.ts';
import { addToLru, removeFromLru } from './folio-life.ts';
import type { Mm } from './mm.ts';
import { SwapOut } from './swap-out.ts';

/** Pages that who needs one reclaims at a time (kernel `SWAP_CLUSTER_MAX`). */
export const SWAP_CLUSTER_MAX = 32;
/** Tries without progress after which there is no memory (kernel `MAX_RECLAIM_RETRIES`). */
export const RECLAIM_RETRIES_MAX = 16;
/** Reclaimers under way at most, kswapd not counted. */
const RECLAIMERS_MAX = 4;

type Stage = 'idle' | 'scan' | 'evicting' | 'flush' | 'shrink-pool';

/** One run of reclaim. */
export class Reclaimer implements SlotWaiter {
  nextWaiter: SlotWaiter | undefined;
  /** Pages looked at and freed, in this run. */
  scanned = 0;
  freed = 0;
  /** Called from an empty stack when a run that had to wait has ended. */
  onEnd: () => void = () => {};
  /** For {@link onEnd} where nobody waits for the run: gives the reclaimer back. */
  giveBack: () => void = () => {};
  readonly #mm: Mm;
  readonly #out: SwapOut;
  readonly #background: boolean;
  readonly #pace: Pace = new Pace();
  #stage: Stage = 'idle';
  #target: Memcg | undefined;
  #goal = 0;
  #priority = DEF_PRIORITY;
  /** Groups of this pass, the next of them, and pages still to be looked at in the current one. */
  readonly #groups: Memcg[] = [];
  #groupCount = 0;
  #nextGroup = 0;
  #budget = 0;
  #sliceStart = 0;
  #slicePages = 0;
  #poolBytes = 0;

  constructor(mm: Mm, background: boolean) {
    this.#mm = mm;
    this.#background = background;
    this.#out = new SwapOut(mm, this);
  }

  get underWay(): boolean {
    return this.#stage !== 'idle';
  }

  /**
   * Frees about `goal` pages of a group and its descendants.
   *
   * @returns true: it has ended; false: `onEnd` is called
   */
  begin(target: Memcg, goal: number): boolean {
    assert(this.#stage === 'idle' && goal > 0);
    this.#target = target;
    this.#goal = goal;
    this.#priority = DEF_PRIORITY;
    this.#groupCount = 0;
    this.#nextGroup = 0;
    this.#budget = 0;
    this.scanned = 0;
    this.freed = 0;
    this.#out.begin();
    this.#stage = 'scan';
    this.#beginSlice();
    return this.#run();
  }

  resume(): void {
    this.#beginSlice();
    if (this.#run()) this.onEnd();
  }

  /** Runs as far as it goes; true: it has ended. */
  #run(): boolean {
    for (;;) {
      switch (this.#stage) {
        case 'scan': {
          if (this.#sliceOver()) return false;
          const pfn = this.#nextVictim();
          this.#stage = pfn === 0 ? 'flush' : 'evicting';
          const out = this.#out;
          const result = pfn === 0 ? out.flush() : out.evict(pfn);
          if (result === 'waiting') return false;
          if (this.#step()) return false;
          break;
        }
        case 'evicting':
        case 'flush':
          if (this.#out.run() === 'waiting') return false;
          if (this.#step()) return false;
          break;
        case 'shrink-pool':
          this.#finishPool();
          break;
        case 'idle':
          return true;
      }
    }
  }

  /** What was begun has ended: goes on with the next folio, or to the end; true: waits. */
  #step(): boolean {
    this.freed = this.#out.freedPages;
    if (this.#stage === 'evicting') {
      this.#stage = 'scan';
      return false;
    }
    const target = present(this.#target);
    this.#stage = 'idle';
    // A group's compressed pages count in its memory.max, too.
    if (this.freed >= this.#goal || target === this.#mm.memcgs.root) return false;
    this.#poolBytes = target.zswapCurrent;
    for (const group of this.#byEntries(target)) {
      if (!this.#mm.zswap.shrinker.makeRoom(group, this)) continue;
      this.#stage = 'shrink-pool';
      return true;
    }
    return false;
  }

  /** A group and its descendants, those with most compressed pages of their own first. */
  #byEntries(target: Memcg): Memcg[] {
    const { lru } = this.#mm.zswap;
    const groups = [...this.#mm.memcgs.subtree(target)];
    return groups.toSorted((a, b) => lru.lengthOf(b.id) - lru.lengthOf(a.id));
  }

  #finishPool(): void {
    const freed = this.#poolBytes - present(this.#target).zswapCurrent;
    this.freed += Math.max(0, Math.ceil(freed / PAGE_SIZE));
    this.#stage = 'idle';
  }

  #beginSlice(): void {
    this.#sliceStart = this.#background ? this.#mm.rt.nowMs() : Infinity;
    this.#slicePages = 0;
  }

  /** In the background: lets others run when a slice is over. */
  #sliceOver(): boolean {
    if (!this.#background) return false;
    this.#slicePages += 1;
    if (this.#slicePages <= this.#pace.stride) return false;
    this.#slicePages = 0;
    if (!this.#pace.isOver(this.#mm.rt.nowMs() - this.#sliceStart)) return false;
    this.#mm.rt.yieldTask(this);
    return true;
  }

  /** The next folio to swap out, taken off its list; 0: enough is freed, or nothing is left. */
  #nextVictim(): Pfn {
    const { lru, folios } = this.#mm;
    const out = this.#out;
    while (out.freedPages + out.collectedPages < this.#goal && this.#nextGroupWithBudget()) {
      const group = present(this.#groups[this.#nextGroup]);
      const pfn = lru.oldestInactive(group.id) as Pfn;
      if (pfn === 0) {
        this.#budget = 0;
        continue;
      }
      this.#count(folios.pages(pfn));
      removeFromLru(this.#mm, pfn);
      if (folios.pins(pfn) > 0) addToLru(this.#mm, pfn, false);
      else if (!this.#keepsUsed(pfn)) return pfn;
    }
    return 0 as Pfn;
  }

  #count(pages: number): void {
    const { events } = this.#mm.stats;
    this.#budget -= pages;
    this.scanned += pages;
    if (this.#background) events.pgscan_kswapd += pages;
    else events.pgscan_direct += pages;
  }

  /** Puts a folio that was used back; true if it was. @see mm/vmscan.c folio_check_references */
  #keepsUsed(pfn: Pfn): boolean {
    const { folios } = this.#mm;
    if (!folios.accessed(pfn)) {
      folios.setReferenced(pfn, false);
      return false;
    }
    folios.setAccessed(pfn, false);
    const activate = folios.referenced(pfn);
    folios.setReferenced(pfn, !activate);
    if (activate) this.#countActivation(pfn);
    addToLru(this.#mm, pfn, activate);
    return true;
  }

  #countActivation(pfn: Pfn): void {
    const pages = this.#mm.folios.pages(pfn);
    this.#mm.stats.events.pgactivate += pages;
    this.#mm.workingset.activation(this.#mm.groupOf(pfn).id, pages);
  }

  /** Sees to it that the current group has pages to be looked at; false: all passes are over. */
  #nextGroupWithBudget(): boolean {
    while (this.#budget <= 0) {
      this.#nextGroup += 1;
      if (this.#nextGroup >= this.#groupCount) {
        const isFirst = this.#groupCount === 0;
        if (!isFirst && this.#priority === 0) return false;
        if (!isFirst) this.#priority -= 1;
        const target = present(this.#target);
        this.#groupCount = this.#mm.memcgs.collect(target, this.#groups, 0);
        this.#nextGroup = 0;
        if (this.#groupCount === 0) return false;
      }
      this.#enterGroup(present(this.#groups[this.#nextGroup]));
    }
    return true;
  }

  /** Decides how much of a group is looked at in this pass, and ages its active list. */
  #enterGroup({ id, online }: Memcg): void {
    const { lru } = this.#mm;
    if (!online) return;
    const active = lru.activePages(id) >>> this.#priority;
    if (active > 0 && lru.inactiveIsLow(id)) this.#shrinkActive(id, active);
    const inactive = lru.inactivePages(id) >>> this.#priority;
    this.#budget = Math.min(inactive, SWAP_CLUSTER_MAX * 2);
  }

  /** Moves the oldest active folios to the inactive list. @see mm/vmscan.c shrink_active_list */
  #shrinkActive(group: Memcg['id'], pages: number): void {
    const { lru, folios, stats } = this.#mm;
    let left = Math.min(pages, SWAP_CLUSTER_MAX);
    while (left > 0) {
      const pfn = lru.oldestActive(group) as Pfn;
      if (pfn === 0) return;
      left -= folios.pages(pfn);
      removeFromLru(this.#mm, pfn);
      folios.setAccessed(pfn, false);
      folios.setReferenced(pfn, false);
      folios.setWorkingset(pfn, true);
      stats.events.pgdeactivate += folios.pages(pfn);
      addToLru(this.#mm, pfn, false);
    }
  }
}

/** All runs of reclaim, and the watermarks that begin them. */
export class Reclaim {
  readonly #mm: Mm;
  readonly #reclaimers: Mempool<Reclaimer>;
  readonly #kswapd: Reclaimer;
  readonly #waiting = new Ring<Task>();
  #running = 0;

  constructor(mm: Mm) {
    this.#mm = mm;
    this.#reclaimers = new Mempool(mm.rt, RECLAIMERS_MAX, () => this.#makeReclaimer());
    this.#kswapd = new Reclaimer(mm, true);
    this.#kswapd.onEnd = () => this.#kswapdEnded();
  }

  #makeReclaimer(): Reclaimer {
    const reclaimer = new Reclaimer(this.#mm, false);
    reclaimer.giveBack = () => void this.put(reclaimer);
    return reclaimer;
  }

  /** Runs under way, kswapd's included. */
  get running(): number {
    return this.#running + (this.#kswapd.underWay ? 1 : 0);
  }

  /** Pages freed by all runs so far. */
  get freedPages(): number {
    const { events } = this.#mm.stats;
    return events.pgsteal_kswapd + events.pgsteal_direct;
  }

  /** Free frames below which kswapd begins, and at which it ends. */
  get lowWatermark(): number {
    return Math.floor(this.#mm.frames.pageLimit / 64);
  }

  get highWatermark(): number {
    return Math.floor(this.#mm.frames.pageLimit / 32);
  }

  /** To be called after frames were taken. */
  wakeKswapd(): void {
    if (this.#mm.frames.freePages >= this.lowWatermark) return;
    if (this.#kswapd.underWay || this.#starting) return;
    this.#starting = true;
    this.#mm.rt.wake(this.#starter);
  }

  /** kswapd has been woken and has not begun. */
  #starting = false;
  readonly #starter: Task = { resume: () => this.#startKswapd() };

  #startKswapd(): void {
    this.#starting = false;
    const wanted = this.highWatermark - this.#mm.frames.freePages;
    if (wanted <= 0 || this.#kswapd.underWay) return;
    if (this.#kswapd.begin(this.#mm.memcgs.root, wanted)) this.#kswapdEnded();
  }

  #kswapdEnded(): void {
    this.#mm.stats.events.pgsteal_kswapd += this.#kswapd.freed;
    this.#wakeWaiting();
  }

  /** Takes a reclaimer; undefined: the task is woken when one is kept for it. */
  take(task: Task): Reclaimer | undefined {
    return this.#reclaimers.take(task);
  }

  takePromised(): Reclaimer {
    return this.#reclaimers.takePromised();
  }

  /** Takes a reclaimer if there is one; never queues. */
  tryTake(): Reclaimer | undefined {
    return this.#reclaimers.tryTake();
  }

  /** Begins a run with a reclaimer that was taken; true: it has ended, and {@link put} is due. */
  begin(reclaimer: Reclaimer, target: Memcg, goal: number): boolean {
    this.#running += 1;
    return reclaimer.begin(target, goal);
  }

  /** Gives a reclaimer back whose run has ended; returns the pages it has freed. */
  put(reclaimer: Reclaimer): number {
    const { freed } = reclaimer;
    this.#running -= 1;
    this.#mm.stats.events.pgsteal_direct += freed;
    this.#reclaimers.put(reclaimer);
    this.#wakeWaiting();
    return freed;
  }

  /** Waits for the end of a run of somebody else; false: there is none. */
  waitForOthers(task: Task): boolean {
    if (this.running === 0) return false;
    this.#waiting.push(task);
    return true;
  }

  #wakeWaiting(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#mm.rt.wake(next);
    }
  }
}
