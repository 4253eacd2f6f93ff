/**
 * Reclaim on request: so many compressed bytes of a group and its descendants are written back,
 * coldest first, in batches. What others have written back meanwhile is not counted: two who ask
 * for a page each get two written.
 *
 * @see the kernel's `memory.reclaim` with `source=zswap` (proposed in 2026)
 */
import { assert, present } from '../../std/assert.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { Writeback } from '../writeback.ts';
import type { Zswap } from '../zswap.ts';
import { RECLAIM_RETRIES_MAX, SHRINK_SCAN, type BatchOwner } from './shrink.ts';

type Stage = 'idle' | 'round' | 'group' | 'batch' | 'joined';

/** One reclaim under way; a record that can be used again. */
export class Reclaim implements BatchOwner {
  /** Compressed bytes freed by batches of its own. */
  freed = 0;
  /** Called from an empty stack when one that had to wait has ended. Set by its user. */
  onEnd: () => void = () => {};
  readonly #zswap: Zswap;
  #stage: Stage = 'idle';
  #memcg: Memcg | undefined;
  #bytes = 0;
  #failures = 0;
  /** Something was written in this round over the groups, by whomever. */
  #progress = false;
  #groups: Iterator<Memcg> | undefined;
  #group: Memcg | undefined;

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
  }

  /**
   * Begins to write back about so many compressed bytes. It ends with fewer when too many rounds
   * over the groups wrote nothing.
   *
   * @returns true: it has ended already; else `onEnd` is called
   */
  begin(memcg: Memcg, bytes: number): boolean {
    assert(this.#stage === 'idle');
    this.#memcg = memcg;
    this.#bytes = bytes;
    this.#failures = 0;
    this.freed = 0;
    this.#stage = 'round';
    return this.#run();
  }

  resume(): void {
    if (this.#run()) this.onEnd();
  }

  batchEnded({ written, writtenBytes }: Writeback): void {
    this.freed += writtenBytes;
    if (written > 0) this.#progress = true;
  }

  /** Runs as far as it goes; true: it has ended. */
  #run(): boolean {
    const { memcgs, rt, shrinker } = this.#zswap;
    for (;;) {
      switch (this.#stage) {
        case 'round':
          if (this.#isOver()) {
            this.#stage = 'idle';
            return true;
          }
          this.#groups = memcgs.subtree(present(this.#memcg));
          this.#progress = false;
          this.#stage = 'group';
          break;
        case 'group':
          if (this.#nextGroup()) {
            if (this.#beginBatch()) return false;
            break;
          }
          if (!this.#progress) this.#failures += 1;
          this.#stage = 'round';
          rt.yieldTask(this);
          return false;
        case 'joined':
          if (shrinker.written(present(this.#group)) > 0) this.#progress = true;
          this.#stage = 'group';
          break;
        case 'batch':
          this.#stage = 'group';
          break;
        case 'idle':
          assert(false, 'no reclaim is under way');
      }
    }
  }

  /** Enough is freed, too much has failed, or the group has gone. */
  #isOver(): boolean {
    if (this.freed >= this.#bytes || this.#failures >= RECLAIM_RETRIES_MAX) return true;
    return !present(this.#memcg).online;
  }

  /** Goes on to the next group of this round; false: it is over. */
  #nextGroup(): boolean {
    if (this.freed >= this.#bytes) return false;
    const next = present(this.#groups).next();
    this.#group = next.done === true ? undefined : next.value;
    return this.#group !== undefined;
  }

  /** Has a batch of the group written; true: there is something to wait for. */
  #beginBatch(): boolean {
    const group = present(this.#group);
    const mean = Math.max(1, group.zswapCurrent / Math.max(1, group.zswappedPages));
    const pages = Math.ceil((this.#bytes - this.freed) / mean);
    const started = this.#zswap.shrinker.batch(group, this, SHRINK_SCAN, pages);
    if (started === 'nothing') return false;
    this.#stage = started === 'begun' ? 'batch' : 'joined';
    return true;
  }
}
