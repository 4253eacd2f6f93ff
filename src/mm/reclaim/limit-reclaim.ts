/**
 * Reclaim for limits that have been lowered: a group that has more than it may have now gives up
 * the rest at once, and not only when it next needs a page. It goes on in the background, a few
 * pages in each turn, until the group is within its limit or nothing more can be had.
 *
 * @see mm/memcontrol.c memory_max_write
 */
import type { Memcg } from '../../memcg/memcg.ts';
import type { Task } from '../../rt/rt.ts';
import type { Mm } from '../mm.ts';
import { FrameClaim } from './frame-claim.ts';

export class LimitReclaim implements Task {
  readonly #mm: Mm;
  readonly #claim: FrameClaim;
  /** Over their limits, the one in work first. */
  readonly #groups = new Set<Memcg>();
  #stopped = false;

  constructor(mm: Mm) {
    this.#mm = mm;
    this.#claim = new FrameClaim(mm, this);
  }

  /** Some group has not been brought below its limit yet. */
  get running(): boolean {
    return this.#groups.size > 0;
  }

  /** To be called when a group's `memory.max` has been set. */
  enforce(memcg: Memcg): void {
    if (this.#stopped || !isOver(memcg)) return;
    const wasRunning = this.running;
    this.#groups.add(memcg);
    if (wasRunning) return;
    this.#claim.begin(false);
    this.#mm.rt.wake(this);
  }

  /** Begins nothing new; {@link running} until what is under way has ended. */
  stop(): void {
    for (const memcg of [...this.#groups].slice(1)) this.#groups.delete(memcg);
    this.#stopped = true;
  }

  resume(): void {
    for (const memcg of this.#groups) {
      if (this.#claim.underWay || (isOver(memcg) && !this.#stopped)) {
        const result = this.#claim.reclaim(memcg, 0);
        if (result === 'waiting') return;
        if (result === 'ok') {
          this.#mm.rt.yieldTask(this);
          return;
        }
      }
      this.#groups.delete(memcg);
      this.#claim.begin(false);
    }
  }
}

function isOver(memcg: Memcg): boolean {
  return memcg.online && memcg.memoryCurrent > memcg.memoryMax;
}
