/**
 * The dynamic shrinker: before the pool is full, cold entries go to the device when memory is short
 * anyway. How many it offers falls with how well they compress, and with how many pages had to be
 * read from the device since it last looked: those were given up too early.
 *
 * @see mm/zswap.c zswap_shrinker_count, zswap_shrinker_scan
 */
import type { Memcg } from '../../memcg/memcg.ts';
import type { ScanResult, ShrinkCallbacks } from '../../memcg/shrinker.ts';
import { PAGE_SHIFT } from '../../std/units.ts';
import { mayShrink } from './shrink.ts';
import type { Zswap } from '../zswap.ts';

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
    const spared = Math.min(memcg.diskSwapins, listed);
    memcg.diskSwapins -= spared;
    if (stored === 0) return 0;
    return Math.floor(((listed - spared) * backingPages) / stored);
  }

  /** Stops at the first entry whose slot is busy: what comes after it is warm. */
  async scan(memcg: Memcg, objects: number): Promise<ScanResult> {
    let scanned = 0;
    while (scanned < objects && this.#zswap.params.shrinkerEnabled) {
      const batch = await this.#zswap.shrinker.batch(memcg, objects - scanned);
      if (batch === undefined) return { scanned, stop: true };
      scanned += batch.scanned;
      if (batch.hitSwapCache || batch.written === 0) return { scanned, stop: true };
    }
    return { scanned, stop: false };
  }
}
