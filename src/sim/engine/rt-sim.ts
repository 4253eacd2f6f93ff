/**
 * The {@link Rt} that decides who goes next. Everything that could run is in one list; each step a
 * seeded generator picks one, so a run is repeated exactly by its seed. Time is virtual and moves
 * only with steps.
 */
import { Prng } from '../../std/prng.ts';
import type { Rt, Task } from '../../rt/rt.ts';

/** A step budget was used up: somebody spins or nobody finishes. */
export class StepBudgetError extends Error {
  override readonly name = 'StepBudgetError';
}

/** Virtual milliseconds that one step takes. */
const STEP_MS = 0.01;

export class SimRt implements Rt {
  readonly #prng: Prng;
  readonly #runnable: Task[] = [];
  /** How often each point was reached, by name: tests see from it what a run has covered. */
  readonly marks: Map<string, number> = new Map();
  #steps = 0;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }

  /** Steps taken. */
  get steps(): number {
    return this.#steps;
  }

  get idle(): boolean {
    return this.#runnable.length === 0;
  }

  nowMs(): number {
    return this.#steps * STEP_MS;
  }

  randomU32(): number {
    return this.#prng.u32();
  }

  point(name: string, task: Task): boolean {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
    this.#runnable.push(task);
    return true;
  }

  wake(task: Task): void {
    this.#runnable.push(task);
  }

  yieldTask(task: Task): void {
    this.#runnable.push(task);
  }

  async yieldNow(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#runnable.push({ resume: resolve });
    });
  }

  async sleep(): Promise<void> {
    await this.yieldNow();
  }

  /** Lets one runnable task go on, chosen at random; false if there is none. */
  step(): boolean {
    const count = this.#runnable.length;
    if (count === 0) return false;
    this.#steps += 1;
    const index = this.#prng.below(count);
    const task = this.#runnable[index];
    const last = this.#runnable.pop();
    if (index < count - 1 && last !== undefined) this.#runnable[index] = last;
    task?.resume();
    return true;
  }

  /**
   * Steps until nothing can run.
   *
   * @param budget - steps at most; more throw {@link StepBudgetError}
   * @param afterStep - called after each step, to check what must always hold
   */
  run(budget: number, afterStep: () => void = () => {}): void {
    for (let i = 0; i < budget; i += 1) {
      if (!this.step()) return;
      afterStep();
    }
    if (!this.idle) throw new StepBudgetError(`still running after ${budget} steps`);
  }
}
