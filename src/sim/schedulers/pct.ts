/**
 * Probabilistic concurrency testing: actors have random priorities and the highest that can run
 * does; at a few random steps the one that runs falls below all others. A bug that needs `d`
 * ordered events among `n` actors in `k` steps is found with probability 1 / (n k^(d-1)) at least.
 *
 * @see Burckhardt et al., A randomized scheduler with probabilistic guarantees of finding bugs
 *   (ASPLOS 2010)
 */
import { present } from '../../std/assert.ts';
import { Prng } from '../../std/prng.ts';
import type { LastStep, Runnable, Scheduler } from '../engine/scheduler.ts';

export class PctScheduler implements Scheduler {
  readonly #seed: number;
  readonly #depth: number;
  readonly #priorities = new Map<string, number>();
  #prng: Prng;
  #executions = 0;
  #steps = 0;
  /** Steps of the longest execution so far: where changes may fall. */
  #length = 16;
  #changes = new Set<number>();

  /** @param depth - ordered events that a bug needs; 3 finds nearly all */
  constructor(seed: number, depth = 3) {
    this.#seed = seed;
    this.#depth = depth;
    this.#prng = new Prng(seed);
  }

  newExecution(): boolean {
    this.#prng = new Prng(this.#seed + this.#executions);
    this.#executions += 1;
    this.#length = Math.max(this.#length, this.#steps);
    this.#steps = 0;
    this.#priorities.clear();
    this.#changes = new Set();
    for (let i = 1; i < this.#depth; i += 1) this.#changes.add(this.#prng.below(this.#length));
    return true;
  }

  nextTask(runnable: readonly Runnable[], last: LastStep | undefined): number {
    // Above all that a change can give, which are negative.
    for (const { actor } of runnable) {
      if (!this.#priorities.has(actor)) this.#priorities.set(actor, this.#prng.u32());
    }
    if (last !== undefined && this.#changes.has(this.#steps)) {
      this.#priorities.set(last.actor, -this.#steps);
    }
    this.#steps += 1;
    let best = 0;
    for (const [index, { actor }] of runnable.entries()) {
      if (this.#priorityOf(actor) > this.#priorityOf(present(runnable[best]).actor)) best = index;
    }
    return best;
  }

  nextU32(): number {
    // Half of all drawn numbers are the least one, on which a device or an allocator fails.
    return this.#prng.chance(1, 2) ? 0 : this.#prng.u32();
  }

  #priorityOf(actor: string): number {
    return present(this.#priorities.get(actor));
  }
}
