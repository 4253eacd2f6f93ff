/**
 * The contract between the simulated runtime and whoever decides what happens next: three methods.
 * Everything else of the explorer is a strategy behind them, or a view of what they chose.
 */
import type { Task } from '../../rt/rt.ts';

/** A task that could go on now. */
export interface Runnable {
  readonly task: Task;
  /** Whose task it is; no two runnables of one moment have the same actor. */
  readonly actor: string;
  /** Where it goes on from: the name of a point, what an actor begins, or why it was woken. */
  readonly at: string;
  /** It stopped at a point and could have gone on: letting another go first is a preemption. */
  readonly preempted: boolean;
}

/**
 * What a step has touched: names of slots and device pages, {@link ENGINE} for the rest of the
 * engine, {@link EVERYTHING} for what no other step commutes with. Two steps commute if their
 * footprints have no name in common.
 */
export type Footprint = ReadonlySet<string>;

export const ENGINE = 'engine';
export const EVERYTHING = 'everything';

/** The step before, as the next decision sees it. */
export interface LastStep {
  readonly actor: string;
  readonly footprint: Footprint;
}

export interface Scheduler {
  /** Begins an execution; false: there is nothing left to try. */
  newExecution(): boolean;
  /**
   * Picks who goes on, as an index; asked even if there is only one.
   *
   * @param last - undefined for the first step of an execution
   * @returns undefined to give the execution up, because nothing new lies ahead
   */
  nextTask(runnable: readonly Runnable[], last: LastStep | undefined): number | undefined;
  /** An unsigned 32-bit integer for a choice that is not a matter of order. */
  nextU32(): number;
}

/** The last actor's place among those that can run, if it was stopped at a point; else -1. */
export function preemptedIndex(runnable: readonly Runnable[], last: LastStep | undefined): number {
  if (last === undefined) return -1;
  return runnable.findIndex((each) => each.preempted && each.actor === last.actor);
}
