/** Picks uniformly among those that can run. Each execution has a seed of its own. */
import { Prng } from '../../std/prng.ts';
import type { Runnable, Scheduler } from '../engine/scheduler.ts';

export class RandomScheduler implements Scheduler {
  readonly #seed: number;
  #executions = 0;
  #prng: Prng;

  constructor(seed: number) {
    this.#seed = seed;
    this.#prng = new Prng(seed);
  }

  newExecution(): boolean {
    this.#prng = new Prng(this.#seed + this.#executions);
    this.#executions += 1;
    return true;
  }

  nextTask(runnable: readonly Runnable[]): number {
    return this.#prng.below(runnable.length);
  }

  nextU32(): number {
    return this.#prng.u32();
  }
}
