/**
 * The core of shrinking under memory pressure: from how many objects a group could give up, and how
 * pressing it is, to how many are looked at now. What is not done is remembered for the next time.
 *
 * @see mm/shrinker.c do_shrink_slab
 */
import { assert } from '../std/assert.ts';
import type { Memcg } from './memcg.ts';

/** Priority of the mildest pressure; 0 is the sharpest (kernel `DEF_PRIORITY`). */
export const DEF_PRIORITY = 12;
/** Objects of one call of scan, where there are so many (kernel `SHRINK_BATCH`). */
export const SHRINK_BATCH = 128;
/** What bringing an object back costs, in seeks (kernel `DEFAULT_SEEKS`). */
const DEFAULT_SEEKS = 2;

/**
 * One look at some objects of a group, as a record that can be used again. It gives up what it can,
 * coldest first.
 */
export interface ShrinkScan {
  /** Objects that the last one has looked at. */
  readonly scanned: number;
  /** The last one says that no further one should follow now. */
  readonly stop: boolean;
  /** Called from an empty stack when one that had to wait has ended. */
  onEnd: () => void;
  /** Looks at about so many objects; true: it has ended already, else `onEnd` is called. */
  begin(memcg: Memcg, objects: number): boolean;
}

/** Something that can give up objects of a group. */
export interface ShrinkCallbacks {
  /** Objects of the group that could be given up; 0: leave it alone. */
  count(memcg: Memcg): number;
  createScan(): ShrinkScan;
}

export class PressureShrinker {
  readonly #callbacks: ShrinkCallbacks;
  readonly #deferred = new Map<Memcg, number>();

  constructor(callbacks: ShrinkCallbacks) {
    this.#callbacks = callbacks;
  }

  /** Groups of which something has been put off. */
  deferringGroups(): Iterable<Memcg> {
    return this.#deferred.keys();
  }

  /** Objects that earlier calls would have looked at and have not. */
  deferred(memcg: Memcg): number {
    return this.#deferred.get(memcg) ?? 0;
  }

  /** Makes a record to shrink groups with, one after the other. */
  createShrink(): PressureShrink {
    return new PressureShrink(this.#callbacks, this.#deferred);
  }

  /** Forgets a group that goes away; its parent takes over what was put off. */
  reparent(memcg: Memcg, parent: Memcg): void {
    const left = this.deferred(memcg);
    this.#deferred.delete(memcg);
    if (left > 0) this.#deferred.set(parent, this.deferred(parent) + left);
  }
}

/** The shrinking of one group under way. */
export class PressureShrink {
  /** Objects looked at. */
  scanned = 0;
  /** Called from an empty stack when one that had to wait has ended. Set by its user. */
  onEnd: () => void = () => {};
  readonly #callbacks: ShrinkCallbacks;
  readonly #deferredOf: Map<Memcg, number>;
  readonly #scan: ShrinkScan;
  #memcg: Memcg | undefined;
  #freeable = 0;
  #deferred = 0;
  #delta = 0;
  #total = 0;
  #objects = 0;
  #stopped = false;

  /** Use {@link PressureShrinker.createShrink}. */
  constructor(callbacks: ShrinkCallbacks, deferredOf: Map<Memcg, number>) {
    this.#callbacks = callbacks;
    this.#deferredOf = deferredOf;
    this.#scan = callbacks.createScan();
    this.#scan.onEnd = () => {
      this.#scanEnded();
      if (this.#run()) this.onEnd();
    };
  }

  /**
   * Shrinks one group.
   *
   * @param priority - {@link DEF_PRIORITY} .. 0
   * @returns true: it has ended already; else `onEnd` is called
   */
  begin(memcg: Memcg, priority: number): boolean {
    assert(this.#memcg === undefined);
    this.scanned = 0;
    const freeable = this.#callbacks.count(memcg);
    if (freeable === 0) return true;
    this.#memcg = memcg;
    this.#freeable = freeable;
    this.#deferred = this.#deferredOf.get(memcg) ?? 0;
    this.#delta = Math.floor((Math.floor(freeable / 2 ** priority) * 4) / DEFAULT_SEEKS);
    this.#total = Math.floor(this.#deferred / 2 ** priority) + this.#delta;
    this.#total = Math.min(this.#total, 2 * freeable);
    this.#stopped = false;
    return this.#run();
  }

  /** Runs as far as it goes; true: it has ended. */
  #run(): boolean {
    const memcg = this.#memcg;
    assert(memcg !== undefined);
    while (!this.#stopped && (this.#total >= SHRINK_BATCH || this.#total >= this.#freeable)) {
      this.#objects = Math.min(SHRINK_BATCH, this.#total);
      if (!this.#scan.begin(memcg, this.#objects)) return false;
      this.#scanEnded();
    }
    this.#memcg = undefined;
    const left = this.#deferred + this.#delta - this.scanned;
    // What a group that has gone meanwhile had put off is its parent's already.
    if (memcg.online) {
      this.#deferredOf.set(memcg, Math.max(0, Math.min(left, 2 * this.#freeable)));
    }
    return true;
  }

  #scanEnded(): void {
    this.scanned += this.#scan.scanned;
    this.#total -= this.#objects;
    this.#stopped = this.#scan.stop || this.#total === 0;
  }
}
