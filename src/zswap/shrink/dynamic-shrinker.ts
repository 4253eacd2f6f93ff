/**
 * The dynamic shrinker: before the pool is full, cold entries go to the device when memory is short
 * anyway. How many it offers falls with how well they compress, and with how many are taken for
 * warm, for which there are two policies.
 *
 * @see mm/zswap.c zswap_shrinker_count, zswap_shrinker_scan
 */
import type { Memcg } from '../../memcg/memcg.ts';
import type { ScanResult, ShrinkCallbacks } from '../../memcg/shrinker.ts';
import { reachesProtected, takeOffered } from '../../memcg/shrinker-policy.ts';
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
    const offered = takeOffered(memcg, this.#zswap.params.shrinkerPolicy, listed);
    if (stored === 0) return 0;
    return Math.floor((offered * backingPages) / stored);
  }

  /**
   * Stops at the first entry whose slot is busy: what comes after it is warm. Does not begin where
   * it would reach what is protected.
   */
  async scan(memcg: Memcg, objects: number): Promise<ScanResult> {
    const { lru, params } = this.#zswap;
    if (params.shrinkerPolicy === 'protected') {
      const listed = lru.lengthOf(memcg.id);
      if (reachesProtected(memcg, listed, objects)) return { scanned: 0, stop: true };
    }
    let scanned = 0;
    while (scanned < objects && params.shrinkerEnabled) {
      const batch = await this.#zswap.shrinker.batch(memcg, objects - scanned);
      if (batch === undefined) return { scanned, stop: true };
      scanned += batch.scanned;
      if (batch.hitSwapCache || batch.written === 0) return { scanned, stop: true };
    }
    return { scanned, stop: false };
  }
}
