/**
 * Runs each schedule of another scheduler twice and compares what could run at each step. A
 * difference is a leak: something decides by the clock, by chance or by what an earlier execution
 * has left behind, and then neither replay nor exhaustive search can be trusted.
 */
import { ScheduleError } from '../engine/execution.ts';
import type { LastStep, Runnable, Scheduler } from '../engine/scheduler.ts';

export class RecheckScheduler implements Scheduler {
  readonly #inner: Scheduler;
  /** What was seen and chosen in the first of two runs, step by step. */
  #seen: string[] = [];
  #chosen: (number | undefined)[] = [];
  #next = 0;
  #second = true;

  constructor(inner: Scheduler) {
    this.#inner = inner;
  }

  newExecution(): boolean {
    if (this.#second && this.#next !== this.#seen.length) throw this.#differs('ends early');
    this.#next = 0;
    this.#second = !this.#second;
    if (this.#second) return true;
    this.#seen = [];
    this.#chosen = [];
    return this.#inner.newExecution();
  }

  nextTask(runnable: readonly Runnable[], last: LastStep | undefined): number | undefined {
    const seen = runnable.map(({ actor, at }) => `${actor} at ${at}`).join(', ');
    if (this.#second) return this.#again(seen);
    return this.#note(seen, this.#inner.nextTask(runnable, last));
  }

  nextU32(): number {
    if (this.#second) return this.#again('a number') ?? 0;
    return this.#note('a number', this.#inner.nextU32());
  }

  #note<T extends number | undefined>(seen: string, chosen: T): T {
    this.#seen.push(seen);
    this.#chosen.push(chosen);
    this.#next += 1;
    return chosen;
  }

  #again(seen: string): number | undefined {
    if (this.#seen[this.#next] !== seen) throw this.#differs(seen);
    this.#next += 1;
    return this.#chosen[this.#next - 1];
  }

  #differs(now: string): ScheduleError {
    const before = this.#seen[this.#next] ?? 'the end';
    return new ScheduleError(
      `the same schedule ran differently: at step ${this.#next} first ${before}, then ${now}`,
    );
  }
}
