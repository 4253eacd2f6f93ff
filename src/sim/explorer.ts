/**
 * The explorer: runs a scenario under one schedule after the other until a rule is broken, nothing
 * is left to try or the budget is used up, and says what it has seen.
 */
import { execute, type BeginTrial, type Execution } from './engine/execution.ts';
import type { Failure } from './engine/failure.ts';
import type { Scheduler } from './engine/scheduler.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { Stage } from './world/stage.ts';

export interface ExploreOptions {
  /** Executions at most; default no limit, which only a scheduler that ends can do with. */
  readonly executions?: number;
}

export interface Exploration {
  /** Executions that ran to their end, or to a violation. */
  readonly executions: number;
  /** Executions that were given up because all that follows had been seen. */
  readonly cut: number;
  /** Nothing is left to try. */
  readonly exhausted: boolean;
  /** Steps of the longest execution. */
  readonly longest: number;
  /** States seen at scheduling points, and at the end, as far as a digest tells them apart. */
  readonly states: ReadonlySet<string>;
  readonly finalStates: ReadonlySet<string>;
  readonly marks: ReadonlyMap<string, number>;
  readonly failure: Failure | undefined;
}

/** How to run a scenario. */
export function trialOf(scenario: Scenario): BeginTrial {
  return (rt) => {
    const stage = new Stage(rt, scenario.world);
    scenario.play(stage);
    return stage;
  };
}

/** Runs a trial until the first violation. */
export function explore(
  begin: BeginTrial,
  scheduler: Scheduler,
  options: ExploreOptions = {},
): Exploration {
  const limit = options.executions ?? Infinity;
  const states = new Set<string>();
  const finalStates = new Set<string>();
  const marks = new Map<string, number>();
  let executions = 0;
  let cut = 0;
  let longest = 0;
  let failure: Failure | undefined;
  let exhausted = false;
  while (failure === undefined && executions < limit) {
    if (!scheduler.newExecution()) {
      exhausted = true;
      break;
    }
    const run: Execution = execute(begin, scheduler, { onState: (state) => states.add(state) });
    if (run.cut) cut += 1;
    else {
      executions += 1;
      finalStates.add(run.finalState);
    }
    longest = Math.max(longest, run.steps.length);
    for (const [name, count] of run.marks) marks.set(name, (marks.get(name) ?? 0) + count);
    failure = run.failure;
  }
  return { executions, cut, exhausted, longest, states, finalStates, marks, failure };
}

/** Points and outcomes that a scenario must reach and that no execution has reached. */
export function neverReached(scenario: Scenario, { marks }: Exploration): readonly string[] {
  return scenario.reaches.filter((name) => !marks.has(name));
}
