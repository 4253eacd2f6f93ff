/**
 * The core of shrinking under memory pressure: from how many objects a group could give up, and how
 * pressing it is, to how many are looked at now. What is not done is remembered for the next time.
 *
 * @see mm/shrinker.c do_shrink_slab
 */
import type { Memcg } from './memcg.ts';

/** Priority of the mildest pressure; 0 is the sharpest (kernel `DEF_PRIORITY`). */
export const DEF_PRIORITY = 12;
/** Objects of one call of scan, where there are so many (kernel `SHRINK_BATCH`). */
export const SHRINK_BATCH = 128;
/** What bringing an object back costs, in seeks (kernel `DEFAULT_SEEKS`). */
const DEFAULT_SEEKS = 2;

/** Outcome of a scan: objects looked at, and whether to stop now. */
export interface ScanResult {
  readonly scanned: number;
  readonly stop: boolean;
}

/** Something that can give up objects of a group. */
export interface ShrinkCallbacks {
  /** Objects of the group that could be given up; 0: leave it alone. */
  count(memcg: Memcg): number;
  /** Looks at about so many, coldest first, and gives up what it can. */
  scan(memcg: Memcg, objects: number): Promise<ScanResult>;
}

export class PressureShrinker {
  readonly #callbacks: ShrinkCallbacks;
  readonly #deferred = new Map<Memcg, number>();

  constructor(callbacks: ShrinkCallbacks) {
    this.#callbacks = callbacks;
  }

  /** Objects that earlier calls would have looked at and have not. */
  deferred(memcg: Memcg): number {
    return this.#deferred.get(memcg) ?? 0;
  }

  /**
   * Shrinks one group.
   *
   * @param priority - {@link DEF_PRIORITY} .. 0
   * @returns objects looked at
   */
  async shrink(memcg: Memcg, priority: number): Promise<number> {
    const freeable = this.#callbacks.count(memcg);
    if (freeable === 0) return 0;
    const deferred = this.deferred(memcg);
    const delta = Math.floor((Math.floor(freeable / 2 ** priority) * 4) / DEFAULT_SEEKS);
    let total = Math.min(Math.floor(deferred / 2 ** priority) + delta, 2 * freeable);
    let scanned = 0;
    while (total >= SHRINK_BATCH || total >= freeable) {
      const objects = Math.min(SHRINK_BATCH, total);
      const result = await this.#callbacks.scan(memcg, objects);
      scanned += result.scanned;
      total -= objects;
      if (result.stop || total === 0) break;
    }
    const left = Math.max(0, Math.min(deferred + delta - scanned, 2 * freeable));
    this.#deferred.set(memcg, left);
    return scanned;
  }

  /** Forgets a group that goes away; its parent takes over what was put off. */
  reparent(memcg: Memcg, parent: Memcg): void {
    const left = this.deferred(memcg);
    this.#deferred.delete(memcg);
    if (left > 0) this.#deferred.set(parent, this.deferred(parent) + left);
  }
}
