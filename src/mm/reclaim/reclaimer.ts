/**
 * One run of reclaim: frames of cold folios become free, of all groups or of one group and its
 * descendants. From each group's inactive list the oldest are looked at, in passes, more of them in
 * each: one that was used goes back, one that was used twice becomes active, the others are swapped
 * out. The last pass looks at all there are; but a run ends, and leaves a group, early when one
 * folio after the other finds no room. So when some runs after one another free nothing, there is
 * nothing to free, or too little among too much.
 *
 * @see mm/vmscan.c shrink_lruvec, shrink_node_memcgs, do_try_to_free_pages
 */
import { assert, present } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { Pfn } from '../../page/frames.ts';
import { Slice } from '../../rt/slice.ts';
import { SHRINK_SCAN, type RoomWaiter } from '../../zswap/shrink/shrink.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import { addToLru, removeFromLru } from '../folio-life.ts';
import type { Mm } from '../mm.ts';
import { SwapOut } from '../swap/swap-out.ts';
import { keepUsed, shrinkActive } from './aging.ts';
import { GroupPasses } from './group-passes.ts';

/** Folios looked at before others have their turn, where none of them can be swapped out. */
const SLICE_FOLIOS = 1024;
/** Folios in a row without room for any, after which there is none for the others either. */
const FUTILE_FOLIOS = 64;
/** Entries of one group that a run looks at in one go, so that some are written back. */
const POOL_SCAN_MAX: number = SHRINK_SCAN * 8 ** 3;

type Stage = 'idle' | 'scan' | 'evicting' | 'flush' | 'shrink-pool';

/** No victim: all passes are over, or others must have their turn first. */
const NONE = 0 as Pfn;
const LATER = -1 as Pfn;

export class Reclaimer implements SlotWaiter, RoomWaiter {
  nextWaiter: SlotWaiter | undefined;
  /** What the batch has written that this run has waited for. */
  batchWritten = 0;
  /** Pages looked at in this run. */
  scanned = 0;
  /** Called from an empty stack when a run that had to wait has ended. */
  onEnd: () => void = () => {};
  /** For {@link onEnd} where nobody waits for the run: gives the reclaimer back. */
  giveBack: () => void = () => {};
  readonly #mm: Mm;
  readonly #out: SwapOut;
  readonly #background: boolean;
  /** In the background: lets others run when it is over. */
  readonly #slice: Slice;
  #stage: Stage = 'idle';
  #atOnce = false;
  #target: Memcg | undefined;
  #goal = 0;
  readonly #passes: GroupPasses;
  /** Pages still to be looked at in the current group. */
  #budget = 0;
  /** What {@link SwapOut} had counted when a folio was freed last, or the group was entered. */
  #freedBefore = 0;
  #unplacedBefore = 0;
  #unplacedInGroupBefore = 0;
  #sliceFolios = 0;
  #poolBytes = 0;
  #poolPages = 0;

  constructor(mm: Mm, background: boolean) {
    this.#mm = mm;
    this.#background = background;
    this.#slice = new Slice(mm.rt);
    this.#out = new SwapOut(mm, this);
    this.#passes = new GroupPasses(mm.memcgs);
  }

  get underWay(): boolean {
    return this.#stage !== 'idle';
  }

  /** Frames freed in this run. */
  get freedFrames(): number {
    return this.#out.freedPages;
  }

  /** Pages that the target is charged less for: frames, and compressed pages written back. */
  get freed(): number {
    return this.freedFrames + this.#poolPages;
  }

  /** One folio after the other has found no room, and no other would: so the run ends. */
  get isFutile(): boolean {
    return this.#out.unplaced - this.#unplacedBefore >= FUTILE_FOLIOS;
  }

  /**
   * Frees about `goal` pages of a group and its descendants.
   *
   * @param atOnce - nobody else has a turn in between, in folios either, as for
   *   {@link SwapOut.begin}: for who wants frames within one call, and would get none from a run
   *   that stops halfway
   * @returns true: it has ended; false: `onEnd` is called
   */
  begin(target: Memcg, goal: number, atOnce: boolean = false): boolean {
    assert(this.#stage === 'idle' && goal > 0);
    this.#target = target;
    this.#goal = goal;
    this.#atOnce = atOnce;
    this.#passes.begin(target);
    this.#budget = 0;
    this.scanned = 0;
    this.#poolPages = 0;
    this.#out.begin(atOnce);
    this.#freedBefore = 0;
    this.#unplacedBefore = 0;
    this.#stage = 'scan';
    this.#beginSlice();
    return this.#run();
  }

  resume(): void {
    // Nobody's call is under way any more.
    this.#atOnce = false;
    this.#beginSlice();
    if (this.#run()) this.onEnd();
  }

  /** Runs as far as it goes; true: it has ended. */
  #run(): boolean {
    for (;;) {
      switch (this.#stage) {
        case 'scan':
          if (this.#background && this.#slice.isOver(this)) return false;
          if (!this.#scan()) return false;
          break;
        case 'evicting':
          if (this.#out.run() === 'waiting') return false;
          this.#judge();
          break;
        case 'flush':
          if (this.#out.run() === 'waiting' || this.#shrinkPool()) return false;
          break;
        case 'shrink-pool':
          this.#finishPool();
          break;
        case 'idle':
          this.#passes.end();
          this.#target = undefined;
          return true;
      }
    }
  }

  /** Begins to swap out the next folio, or what has been collected at the end; false: waits. */
  #scan(): boolean {
    const pfn = this.#nextVictim();
    if (pfn === LATER) {
      this.#mm.rt.yieldTask(this);
      return false;
    }
    this.#stage = pfn === NONE ? 'flush' : 'evicting';
    const result = pfn === NONE ? this.#out.flush() : this.#out.evict(pfn);
    if (result === 'waiting') return false;
    if (pfn === NONE) return !this.#shrinkPool();
    this.#judge();
    return true;
  }

  /** After a folio: says from how it went whether to go on, here or at all. */
  #judge(): void {
    const { freedPages, unplaced, unplacedInGroup } = this.#out;
    this.#stage = 'scan';
    if (freedPages > this.#freedBefore) {
      this.#freedBefore = freedPages;
      this.#unplacedBefore = unplaced;
      this.#unplacedInGroupBefore = unplacedInGroup;
    } else if (unplacedInGroup - this.#unplacedInGroupBefore >= FUTILE_FOLIOS) {
      this.#passes.giveUpCurrent();
      this.#budget = 0;
    }
  }

  /** A group's compressed pages count in its memory.max, too: true if some are written back. */
  #shrinkPool(): boolean {
    const target = present(this.#target);
    this.#stage = 'idle';
    if (this.freedFrames >= this.#goal || target === this.#mm.memcgs.root) return false;
    this.#poolBytes = target.zswapCurrent;
    const groups = this.#byEntries(target);
    // Entries have a second chance. Where all have it, looking at a few frees nothing, and there
    // would seem to be no memory.
    for (let scan = SHRINK_SCAN; scan <= POOL_SCAN_MAX; scan *= 8) {
      for (const group of groups) {
        if (!this.#mm.zswap.shrinker.makeRoom(group, this, this, scan)) continue;
        this.#stage = 'shrink-pool';
        return true;
      }
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
    this.#poolPages = Math.max(0, Math.ceil(freed / PAGE_SIZE));
    this.#stage = 'idle';
  }

  #beginSlice(): void {
    if (this.#background) this.#slice.begin();
    this.#sliceFolios = 0;
  }

  /** The next folio to swap out, taken off its list; none when enough is freed or nothing left. */
  #nextVictim(): Pfn {
    const { lru, folios } = this.#mm;
    const out = this.#out;
    while (out.freedPages + out.collectedPages < this.#goal) {
      if (this.isFutile || !this.#hasBudget()) return NONE;
      const { id, online } = this.#passes.current;
      // The number of a group that has gone may be another's by now.
      const pfn = online ? (lru.oldestInactive(id) as Pfn) : NONE;
      if (pfn === NONE) {
        this.#budget = 0;
        continue;
      }
      if (!this.#atOnce && this.#sliceFolios >= SLICE_FOLIOS) return LATER;
      this.#sliceFolios += 1;
      this.#count(folios.pages(pfn));
      removeFromLru(this.#mm, pfn);
      if (folios.pins(pfn) > 0) addToLru(this.#mm, pfn, false);
      else if (!keepUsed(this.#mm, pfn)) return pfn;
    }
    return NONE;
  }

  #count(pages: number): void {
    const { events } = this.#mm.stats;
    this.#budget -= pages;
    this.scanned += pages;
    if (this.#background) events.pgscan_kswapd += pages;
    else events.pgscan_direct += pages;
  }

  /** Sees to it that the current group has pages to be looked at; false: all passes are over. */
  #hasBudget(): boolean {
    while (this.#budget <= 0) {
      if (!this.#passes.next()) return false;
      this.#unplacedInGroupBefore = this.#out.unplacedInGroup;
      this.#enterGroup(this.#passes.current);
    }
    return true;
  }

  /** Decides how much of a group is looked at in this pass, and ages its active list. */
  #enterGroup({ id, online }: Memcg): void {
    const { lru } = this.#mm;
    if (!online) return;
    const active = lru.activePages(id) >>> this.#passes.priority;
    if (active > 0 && lru.inactiveIsLow(id)) shrinkActive(this.#mm, id, active);
    this.#budget = lru.inactivePages(id) >>> this.#passes.priority;
  }
}
