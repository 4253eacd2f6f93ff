/** What an execution found wrong. */
import type { Schedule } from './schedule.ts';

/** A broken rule by its name, and what is wrong. */
export interface Violation {
  readonly name: string;
  readonly message: string;
}

/** One step as reports show it. */
export interface StepLine {
  readonly actor: string;
  /** Where the step went on from. */
  readonly at: string;
}

/** A violation with the schedule that leads to it. */
export interface Failure extends Violation {
  readonly schedule: Schedule;
  readonly steps: readonly StepLine[];
}
