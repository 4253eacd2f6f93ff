/**
 * Reclaim as a whole: who may run it, and when it begins by itself. Who needs a frame and finds
 * none reclaims a few (direct reclaim) and waits only if that has to; a task in the background
 * (kswapd) keeps some free, so that this is rare.
 *
 * @see mm/vmscan.c balance_pgdat, wakeup_kswapd
 */
import { assert } from '../../std/assert.ts';
import { Ring } from '../../std/ring.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import { Mempool } from '../../rt/mempool.ts';
import type { Task } from '../../rt/rt.ts';
import type { Mm } from '../mm.ts';
import { Reclaimer } from './reclaimer.ts';

/** Pages that who needs one reclaims at a time (kernel `SWAP_CLUSTER_MAX`). */
export const SWAP_CLUSTER_MAX = 32;
/** Tries without progress after which there is no memory (kernel `MAX_RECLAIM_RETRIES`). */
export const RECLAIM_RETRIES_MAX = 16;
/** Reclaimers under way at most, kswapd not counted. */
const RECLAIMERS_MAX = 4;

export class Reclaim {
  readonly #mm: Mm;
  readonly #reclaimers: Mempool<Reclaimer>;
  readonly #kswapd: Reclaimer;
  readonly #waiting = new Ring<Task>();
  #running = 0;
  #transfers = 0;
  /** Runs of kswapd that have freed nothing, since anybody has. */
  #kswapdFailures = 0;
  #kswapdWoken = false;

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

  /** Frames freed by all runs so far. */
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

  /** To be called after frames were taken, or there are fewer. */
  wakeKswapd(): void {
    const { frames, rt } = this.#mm;
    if (frames.usedPages + this.lowWatermark <= frames.pageLimit) return;
    if (this.#kswapdWoken || this.#kswapd.underWay) return;
    // It would look at everything again for each frame that is taken; who needs one will see.
    if (this.#kswapdFailures >= RECLAIM_RETRIES_MAX) return;
    this.#kswapdWoken = true;
    rt.wake(this.#starter);
  }

  readonly #starter: Task = { resume: () => this.#startKswapd() };

  #startKswapd(): void {
    const { frames, memcgs } = this.#mm;
    this.#kswapdWoken = false;
    const wanted = this.highWatermark + frames.usedPages - frames.pageLimit;
    if (wanted <= 0) return;
    if (this.#kswapd.begin(memcgs.root, wanted)) this.#kswapdEnded();
  }

  #kswapdEnded(): void {
    const { freedFrames, isFutile } = this.#kswapd;
    this.#mm.stats.events.pgsteal_kswapd += freedFrames;
    this.#kswapdFailures = freedFrames > 0 ? 0 : this.#kswapdFailures + 1;
    // Where nothing more can be stored, the next run would find the same.
    if (isFutile) this.#kswapdFailures = RECLAIM_RETRIES_MAX;
    this.#runEnded(freedFrames);
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
  begin(reclaimer: Reclaimer, target: Memcg, goal: number, atOnce: boolean = false): boolean {
    this.#running += 1;
    return reclaimer.begin(target, goal, atOnce);
  }

  /** Gives a reclaimer back whose run has ended; returns the pages it has freed. */
  put(reclaimer: Reclaimer): number {
    const { freed, freedFrames } = reclaimer;
    assert(!reclaimer.underWay);
    this.#running -= 1;
    this.#mm.stats.events.pgsteal_direct += freedFrames;
    if (freedFrames > 0) this.#kswapdFailures = 0;
    this.#reclaimers.put(reclaimer);
    this.#runEnded(freed);
    return freed;
  }

  /**
   * Notes that pages are on their way in or out, and need no more memory for that: their frames
   * will be free, or can be reclaimed.
   */
  beginTransfer(): void {
    this.#transfers += 1;
  }

  /** Notes that a transfer has ended, or waits for memory after all. */
  endTransfer(): void {
    assert(this.#transfers > 0);
    this.#transfers -= 1;
    this.#wakeWaiting();
  }

  /** Waits for the end of somebody else's run or transfer; for the next turn if there is none. */
  waitForOthers(task: Task): void {
    if (this.running === 0 && this.#transfers === 0) this.#mm.rt.yieldTask(task);
    else this.#waiting.push(task);
  }

  /**
   * Wakes those who wait, but not for a run in vain while somebody else is still at it: they would
   * all run in vain in turn, and give up before a single write has ended.
   */
  #runEnded(freed: number): void {
    if (freed > 0 || (this.running === 0 && this.#transfers === 0)) this.#wakeWaiting();
  }

  #wakeWaiting(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#mm.rt.wake(next);
    }
  }
}
