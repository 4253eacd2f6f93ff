/**
 * The explorer's door: runs one scenario by its name under a scheduler by its name, and returns
 * plain data. The command line loads this module, or a mutant's copy of it.
 */
import type { StepLine } from './engine/failure.ts';
import { formatSchedule, parseSchedule } from './engine/schedule.ts';
import type { Scheduler } from './engine/scheduler.ts';
import { explore, neverReached, trialOf } from './explorer.ts';
import { minimize } from './minimize.ts';
import { formatSteps } from './report.ts';
import { SCENARIOS } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { DfsScheduler } from './schedulers/dfs.ts';
import { PctScheduler } from './schedulers/pct.ts';
import { RandomScheduler } from './schedulers/random.ts';
import { RecheckScheduler } from './schedulers/recheck.ts';
import { ReplayScheduler } from './schedulers/replay.ts';
import { SequentialScheduler } from './schedulers/sequential.ts';

/**
 * `recheck` is exhaustive search that runs each schedule twice; `sequential` runs every order of
 * whole operations, where nothing overlaps, or so many of them.
 */
export const SCHEDULERS = ['dfs', 'pct', 'random', 'recheck', 'sequential'] as const;
export type SchedulerName = (typeof SCHEDULERS)[number];

/** Executions of a scheduler that never ends by itself. */
const EXECUTIONS = 1000;

export interface RunOptions {
  readonly scheduler: SchedulerName;
  readonly seed: number;
  /** At most; default: all there are, or a thousand where there is no end. */
  readonly executions?: number | undefined;
  /** Takes the place of the scenario's own bound; `Infinity`: all schedules, reduced. */
  readonly preemptions?: number | undefined;
  /** One execution by this replay string instead of a search. */
  readonly replay?: string | undefined;
}

export interface RunFailure {
  /** The rule that is broken, and how. */
  readonly name: string;
  readonly message: string;
  readonly steps: readonly StepLine[];
  /** The steps with a column for each actor. */
  readonly table: string;
  readonly replay: string;
}

export interface ScenarioRun {
  readonly scenario: string;
  readonly executions: number;
  /** Executions given up because all that follows had been seen. */
  readonly cut: number;
  /** Every schedule was run: of all, or of those with so many preemptions at most. */
  readonly exhausted: boolean;
  /** Only schedules in which no operation overlaps another. */
  readonly sequential: boolean;
  /** Null: no bound. */
  readonly preemptions: number | null;
  readonly longest: number;
  readonly states: number;
  readonly finalStates: number;
  /** What the scenario is about and was not reached; sequential schedules need not reach it. */
  readonly neverReached: readonly string[];
  readonly failure: RunFailure | undefined;
}

function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new RangeError(`no scenario '${name}'`);
  return found;
}

/** The bound of a search that goes through all schedules. */
function boundOf(scenario: Scenario, options: RunOptions): number {
  if (options.replay !== undefined) return Infinity;
  if (options.scheduler !== 'dfs' && options.scheduler !== 'recheck') return Infinity;
  return options.preemptions ?? scenario.preemptions ?? Infinity;
}

function exhaustive(bound: number): Scheduler {
  return new DfsScheduler(bound === Infinity ? { reduce: true } : { preemptions: bound });
}

function createScheduler(bound: number, options: RunOptions): Scheduler {
  const { scheduler, seed, executions, replay } = options;
  if (replay !== undefined) return new ReplayScheduler(parseSchedule(replay));
  switch (scheduler) {
    case 'dfs':
      return exhaustive(bound);
    case 'pct':
      return new PctScheduler(seed);
    case 'random':
      return new RandomScheduler(seed);
    case 'recheck':
      return new RecheckScheduler(exhaustive(bound));
    case 'sequential':
      return new SequentialScheduler(
        executions === undefined ? new DfsScheduler() : new RandomScheduler(seed),
      );
  }
}

/**
 * Explores a scenario, and minimizes what it finds; a replay is shown as it is.
 *
 * @throws RangeError for an unknown scenario or a replay string that is none
 */
export function runScenario(name: string, options: RunOptions): ScenarioRun {
  const scenario = findScenario(name);
  const begin = trialOf(scenario);
  const bound = boundOf(scenario, options);
  const endless = options.scheduler === 'pct' || options.scheduler === 'random';
  const executions = options.executions ?? (endless ? EXECUTIONS : Infinity);
  const found = explore(begin, createScheduler(bound, options), { executions });
  const isReplay = options.replay !== undefined;
  const sequential = options.scheduler === 'sequential' && !isReplay;
  const failure =
    found.failure === undefined || isReplay ? found.failure : minimize(begin, found.failure);
  return {
    scenario: name,
    executions: found.executions,
    cut: found.cut,
    exhausted: found.exhausted && !endless && !isReplay,
    sequential,
    preemptions: bound === Infinity ? null : bound,
    longest: found.longest,
    states: found.states.size,
    finalStates: found.finalStates.size,
    neverReached:
      isReplay || sequential || failure !== undefined ? [] : neverReached(scenario, found),
    failure: failure && {
      name: failure.name,
      message: failure.message,
      steps: failure.steps,
      table: formatSteps(failure),
      replay: formatSchedule(failure.schedule),
    },
  };
}
