/**
 * The dynamic shrinker: before the pool is full, cold entries go to the device when memory is short
 * anyway. How many it offers falls with how well they compress, and with how many pages had to be
 * read from the device since it last looked: those were given up too early.
 *
 * @see mm/zswap.c zswap_shrinker_count, zswap_shrinker_scan
 */
import type { Memcg } from '../../memcg/memcg.ts';
import type { ShrinkCallbacks, ShrinkScan } from '../../memcg/shrinker.ts';
import { reachesProtected, takeOffered } from '../../memcg/shrinker-policy.ts';
import { present } from '../../std/assert.ts';
import { PAGE_SHIFT } from '../../std/units.ts';
import type { Writeback } from '../writeback.ts';
import type { Zswap } from '../zswap.ts';
import { mayShrink, type BatchOwner } from './shrink.ts';

export class DynamicShrinker implements ShrinkCallbacks {
  readonly #zswap: Zswap;

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
  }

  /** Entries of the group that may be given up; uses up the feedback of device reads. */
  count(memcg: Memcg): number {
    if (!this.#zswap.params.shrinkerEnabled || !mayShrink(this.#zswap, memcg)) return 0;
    const stored = memcg.zswappedPages;
    const backingPages = Math.floor(memcg.zswapCurrent / 2 ** PAGE_SHIFT);
    const listed = this.#zswap.lru.lengthOf(memcg.id);
    const offered = takeOffered(memcg, this.#zswap.params.shrinkerPolicy, listed);
    if (stored === 0) return 0;
    return Math.floor((offered * backingPages) / stored);
  }

  createScan(): ShrinkScan {
    return new DynamicScan(this.#zswap);
  }
}

/** Batches of one group, one after the other, until so many entries have been looked at. */
class DynamicScan implements ShrinkScan, BatchOwner {
  scanned = 0;
  stop = false;
  onEnd: () => void = () => {};
  readonly #zswap: Zswap;
  #memcg: Memcg | undefined;
  #objects = 0;
  /** A batch of its own is under way. */
  #begun = false;

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
  }

  begin(memcg: Memcg, objects: number): boolean {
    this.#memcg = memcg;
    this.#objects = objects;
    this.scanned = 0;
    this.stop = this.#reachesProtected(memcg, objects);
    return this.#run();
  }

  #reachesProtected(memcg: Memcg, objects: number): boolean {
    const { lru, params } = this.#zswap;
    if (params.shrinkerPolicy !== 'protected') return false;
    return reachesProtected(memcg, lru.lengthOf(memcg.id), objects);
  }

  resume(): void {
    if (this.#run()) this.onEnd();
  }

  /** Stops at the first entry whose slot is busy: what comes after it is warm. */
  batchEnded({ scanned, written, hitSwapCache }: Writeback): void {
    this.scanned += scanned;
    this.stop = hitSwapCache || written === 0;
    if (!this.#begun) return;
    this.#begun = false;
    this.#zswap.rt.wake(this);
  }

  /** One batch at a time: how it ends decides about the next. */
  batchSubmitted(): void {}

  /** Runs as far as it goes; true: it has ended. */
  #run(): boolean {
    const memcg = present(this.#memcg);
    const { shrinker, params } = this.#zswap;
    while (!this.stop && this.scanned < this.#objects && params.shrinkerEnabled) {
      const started = shrinker.batch(memcg, this, this.#objects - this.scanned);
      // Somebody else shrinks the group already: once that has ended, nothing is pressing.
      this.#begun = started === 'begun';
      if (started !== 'begun') this.stop = true;
      if (started !== 'nothing') return false;
    }
    return true;
  }
}
