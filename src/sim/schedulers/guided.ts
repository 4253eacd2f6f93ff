/**
 * Follows a list of actors as far as it can: a name that cannot run is passed over, and after the
 * end whoever ran goes on as long as possible. So a list that is near to a schedule gives one.
 */
import type { LastStep, Runnable, Scheduler } from '../engine/scheduler.ts';

export class GuidedScheduler implements Scheduler {
  readonly #actors: readonly string[];
  readonly #numbers: readonly number[];
  #next = 0;
  #nextNumber = 0;

  /** @param numbers - what is drawn, in order; then the highest */
  constructor(actors: readonly string[], numbers: readonly number[]) {
    this.#actors = actors;
    this.#numbers = numbers;
  }

  newExecution(): boolean {
    return true;
  }

  nextTask(runnable: readonly Runnable[], last: LastStep | undefined): number {
    while (this.#next < this.#actors.length) {
      const wanted = this.#actors[this.#next];
      this.#next += 1;
      const index = runnable.findIndex(({ actor }) => actor === wanted);
      if (index >= 0) return index;
    }
    const same = runnable.findIndex(({ actor }) => actor === last?.actor);
    return Math.max(same, 0);
  }

  nextU32(): number {
    const number = this.#numbers[this.#nextNumber] ?? 0xffff_ffff;
    this.#nextNumber += 1;
    return number;
  }
}
