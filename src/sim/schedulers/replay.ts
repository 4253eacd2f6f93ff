/** Repeats a schedule: one execution with the choices of another. */
import { ScheduleError } from '../engine/execution.ts';
import type { Schedule } from '../engine/schedule.ts';
import type { Runnable, Scheduler } from '../engine/scheduler.ts';

export class ReplayScheduler implements Scheduler {
  readonly #schedule: Schedule;
  #next = 0;
  #started = false;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  newExecution(): boolean {
    if (this.#started) return false;
    this.#started = true;
    return true;
  }

  /** Where only one can run there was no choice; after the end the first goes on. */
  nextTask(runnable: readonly Runnable[]): number {
    if (runnable.length === 1) return 0;
    const index = this.#schedule[this.#next] ?? 0;
    this.#next += 1;
    if (index < runnable.length) return index;
    throw new ScheduleError('the replay string is not of this scenario, or not of this build');
  }

  nextU32(): number {
    const value = this.#schedule[this.#next] ?? 0xffff_ffff;
    this.#next += 1;
    return value;
  }
}
