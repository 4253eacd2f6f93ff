/**
 * One run of something under one schedule: sets it up, lets the scheduler choose step by step,
 * checks after each, and notes what was chosen.
 */
import { InvariantError } from '../../std/assert.ts';
import type { Failure, StepLine, Violation } from './failure.ts';
import { SimRt } from './rt-sim.ts';
import type { Schedule } from './schedule.ts';
import type { LastStep, Runnable, Scheduler } from './scheduler.ts';

/** What is run: its checks, once it has been set up on a runtime. */
export interface Trial {
  /** After every step: what must always hold. */
  check(): Violation | undefined;
  /** Once nothing can run any more: who still waits, what is left. */
  finish(): Violation | undefined;
  /** The state as a text: equal for equal states as far as anybody outside can tell. */
  digest(): string;
}

/** Sets a trial up; what it does with the runtime is not part of the schedule. */
export type BeginTrial = (rt: SimRt) => Trial;

export interface Execution {
  readonly failure: Failure | undefined;
  /** The scheduler has given it up: all that follows has been seen. */
  readonly cut: boolean;
  readonly schedule: Schedule;
  readonly steps: readonly StepLine[];
  /** Switches away from an actor that could have gone on. */
  readonly preemptions: number;
  /** Digest of the state at the end. */
  readonly finalState: string;
  readonly marks: ReadonlyMap<string, number>;
}

export interface ExecutionOptions {
  /** Steps at most. */
  readonly budget?: number;
  /** Called with the digest of the state after each step. */
  readonly onState?: (digest: string) => void;
}

/** Steps after which an execution counts as one that does not end. */
const STEP_BUDGET = 2000;

/** Passes choices on and notes them; a forced one is no choice. */
class Recorder implements Scheduler {
  readonly schedule: number[] = [];
  readonly steps: StepLine[] = [];
  preemptions = 0;
  readonly #inner: Scheduler;

  constructor(inner: Scheduler) {
    this.#inner = inner;
  }

  newExecution(): boolean {
    return this.#inner.newExecution();
  }

  nextTask(runnable: readonly Runnable[], last: LastStep | undefined): number | undefined {
    const index = this.#inner.nextTask(runnable, last);
    const next = index === undefined ? undefined : runnable[index];
    if (index === undefined || next === undefined) return index;
    if (runnable.length > 1) this.schedule.push(index);
    this.steps.push({ actor: next.actor, at: next.at });
    const isSwitch = last !== undefined && next.actor !== last.actor;
    if (isSwitch && runnable.some((each) => each.preempted && each.actor === last.actor)) {
      this.preemptions += 1;
    }
    return index;
  }

  nextU32(): number {
    const value = this.#inner.nextU32();
    this.schedule.push(value);
    return value;
  }
}

/** Runs a trial once. The scheduler has been told of the new execution. */
export function execute(
  begin: BeginTrial,
  scheduler: Scheduler,
  options: ExecutionOptions = {},
): Execution {
  const recorder = new Recorder(scheduler);
  const rt = new SimRt(recorder);
  const trial = begin(rt);
  rt.marks.clear();
  const budget = options.budget ?? STEP_BUDGET;
  const violation = run(rt, trial, budget, options.onState);
  const { schedule, steps, preemptions } = recorder;
  // Before the end is checked, which reads and trims everything.
  const marks = new Map(rt.marks);
  const finalState = violation === undefined && !rt.gaveUp ? trial.digest() : '';
  const end = violation ?? (rt.gaveUp ? undefined : guarded(() => trial.finish()));
  return {
    failure: end === undefined ? undefined : { ...end, schedule, steps },
    cut: rt.gaveUp,
    schedule,
    steps,
    preemptions,
    finalState,
    marks,
  };
}

function run(
  rt: SimRt,
  trial: Trial,
  budget: number,
  onState: ExecutionOptions['onState'],
): Violation | undefined {
  for (let i = 0; i < budget; i += 1) {
    let ended = false;
    const violation = guarded(() => {
      ended = !rt.step();
      return ended ? undefined : trial.check();
    });
    if (violation !== undefined || ended) return violation;
    onState?.(trial.digest());
  }
  return { name: 'retriesAreBounded', message: `still running after ${budget} steps` };
}

/** What the code that runs throws is a finding, too. */
function guarded(body: () => Violation | undefined): Violation | undefined {
  try {
    return body();
  } catch (error) {
    if (error instanceof InvariantError) return { name: 'assertion', message: error.message };
    if (error instanceof ScheduleError) throw error;
    return { name: 'exception', message: String(error) };
  }
}

/** A schedule does not fit what is run: a wrong replay string, or a run that is not repeatable. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}
