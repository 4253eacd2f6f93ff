/**
 * A claim for page frames, charged to a group: what a fault needs before it can bring a page in.
 * Where none are free, or the group is at its limit, it reclaims some, and waits only while that
 * waits.
 *
 * @see mm/page_alloc.c __alloc_pages_slowpath, mm/memcontrol.c try_charge_memcg
 */
import { assert } from '../../std/assert.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { Pfn } from '../../page/frames.ts';
import type { Task } from '../../rt/rt.ts';
import type { Mm } from '../mm.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { RECLAIM_RETRIES_MAX, SWAP_CLUSTER_MAX } from './reclaim.ts';
import type { Reclaimer } from './reclaimer.ts';

/**
 * Outcome of a step. `none`: there is no memory, and nothing to reclaim. `waiting`: the task has
 * been parked and asks again when resumed. `blocked`: it would have to wait and must not.
 */
export type ClaimResult = 'ok' | 'none' | 'waiting' | 'blocked';

type Stage = 'idle' | 'promised' | 'reclaiming' | 'others';

export class FrameClaim {
  readonly #mm: Mm;
  readonly #task: Task;
  readonly #wakeTask = (): void => this.#mm.rt.wake(this.#task);
  /** The claim fails where it would wait. */
  nowait = false;
  #stage: Stage = 'idle';
  #reclaimer: Reclaimer | undefined;
  /** Tries in a row that have freed nothing, while nobody else has either. */
  #failures = 0;
  #freedBefore = 0;
  #target: Memcg | undefined;
  #goal = 0;

  /** @param task - is woken */
  constructor(mm: Mm, task: Task) {
    this.#mm = mm;
    this.#task = task;
  }

  /** Begins a claim. */
  begin(nowait: boolean): void {
    assert(this.#stage === 'idle');
    this.nowait = nowait;
    this.#failures = 0;
  }

  /** Reclaim has been begun and has to be asked about, by {@link reclaim}. */
  get underWay(): boolean {
    return this.#stage !== 'idle';
  }

  /** Frames of an order, uncharged and with undefined contents; 0: see {@link reclaim}. */
  allocate(order: number): Pfn {
    const pfn = this.#mm.frames.allocate(order);
    if (pfn !== 0) this.#failures = 0;
    this.#mm.reclaim.wakeKswapd();
    return pfn;
  }

  /** Charges frames to a group; `ok`, or as {@link reclaim}. */
  charge(memcg: Memcg, pages: number): ClaimResult {
    const result = this.makeRoom(memcg, pages);
    if (result === 'ok') memcg.chargeFrames(pages);
    return result;
  }

  /** Sees to it that frames can be charged to a group; `ok`, or as {@link reclaim}. */
  makeRoom(memcg: Memcg, pages: number): ClaimResult {
    for (;;) {
      if (this.#stage !== 'idle') {
        const result = this.reclaim(memcg, pages);
        if (result !== 'ok') return result;
      }
      const over = memcg.overMemoryMax(pages);
      if (over === undefined) {
        this.#failures = 0;
        return 'ok';
      }
      // No reclaim makes a folio fit that is larger than all the group may have.
      if (pages * PAGE_SIZE > over.memoryMax) return 'none';
      const result = this.reclaim(over, pages);
      if (result !== 'ok') return result;
    }
  }

  /**
   * Frees frames of a group and its descendants, `ok` when some are free; after that the caller
   * looks again whether it has what it needs.
   */
  reclaim(target: Memcg, pages: number): ClaimResult {
    const { reclaim } = this.#mm;
    const stage = this.#stage;
    this.#stage = 'idle';
    if (stage === 'others') return 'ok';
    if (stage === 'reclaiming') return this.#ended();
    if (stage === 'idle') {
      this.#target = target;
      this.#goal = Math.max(pages, this.#cluster());
    }
    if (this.nowait) return this.#reclaimNow(target);
    const reclaimer = stage === 'promised' ? reclaim.takePromised() : reclaim.take(this.#task);
    if (reclaimer === undefined) {
      this.#stage = 'promised';
      return 'waiting';
    }
    this.#reclaimer = reclaimer;
    reclaimer.onEnd = this.#wakeTask;
    if (reclaim.begin(reclaimer, this.#target ?? target, this.#goal)) return this.#ended();
    this.#stage = 'reclaiming';
    return 'waiting';
  }

  /** Pages to reclaim at a time; few where there are few. */
  #cluster(): number {
    return Math.max(1, Math.min(SWAP_CLUSTER_MAX, this.#mm.frames.pageLimit >>> 3));
  }

  /** Reclaims what can be without waiting; the rest goes on in the background. */
  #reclaimNow(target: Memcg): ClaimResult {
    const { reclaim } = this.#mm;
    // A run over pages that have all been used only takes note of it, and the next one frees some.
    for (let tries = 0; tries < RECLAIM_RETRIES_MAX; tries += 1) {
      const reclaimer = reclaim.tryTake();
      if (reclaimer === undefined) return 'blocked';
      reclaimer.onEnd = reclaimer.giveBack;
      if (!reclaim.begin(reclaimer, target, this.#goal, true)) {
        return reclaimer.freed > 0 ? 'ok' : 'blocked';
      }
      if (reclaim.put(reclaimer) > 0) return 'ok';
      if (reclaimer.scanned === 0) break;
    }
    return 'blocked';
  }

  #ended(): ClaimResult {
    const { reclaim } = this.#mm;
    const reclaimer = this.#reclaimer;
    assert(reclaimer !== undefined);
    this.#reclaimer = undefined;
    if (reclaim.put(reclaimer) > 0) {
      this.#failures = 0;
      return 'ok';
    }
    this.#failures = reclaim.freedPages === this.#freedBefore ? this.#failures + 1 : 1;
    this.#freedBefore = reclaim.freedPages;
    if (this.#failures >= RECLAIM_RETRIES_MAX) return 'none';
    // What others are writing out will be free soon; and who pins a page may let go of it.
    reclaim.waitForOthers(this.#task);
    this.#stage = 'others';
    return 'waiting';
  }
}
