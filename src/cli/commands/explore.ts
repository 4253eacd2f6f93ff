/**
 * `zswapd explore`: every interleaving of the protocol's steps, over the code that serves. Exit
 * status 0: no rule is violated; 1: one is, or a scenario did not reach what it is about; 2: a
 * wrong command line.
 */
import { existsSync } from 'node:fs';
import type { MUTANTS, Mutant } from '../../sim/mutants/index.ts';
import type { RunOptions, SCHEDULERS, ScenarioRun, SchedulerName } from '../../sim/run.ts';
import type { SCENARIOS } from '../../sim/scenarios/index.ts';
import { EXIT_FAILED, EXIT_OK, type Command } from '../command.ts';
import { UsageError, parseArguments, renderHelp, resolveOptions } from '../options/args.ts';
import type { HelpSpec, OptionTable, OptionValues } from '../options/args.ts';
import { VERSION } from '../version.ts';

const DEFAULT_SEED = 1;

const OPTIONS = {
  scenario: {
    kind: 'value',
    value: 'NAME',
    help: 'run one scenario; --list shows them',
    preset: 'all of them',
    parse: (text: string): string => text,
  },
  scheduler: {
    kind: 'value',
    value: 'NAME',
    help:
      'dfs (every schedule), pct or random (a sample), recheck (every schedule twice), ' +
      'sequential (every order of whole operations)',
    preset: 'dfs',
    parse: parseScheduler,
  },
  seed: {
    kind: 'value',
    value: 'NUMBER',
    help: 'the first seed of pct and random',
    preset: String(DEFAULT_SEED),
    parse: parseCount,
  },
  executions: {
    kind: 'value',
    value: 'NUMBER',
    help: 'executions of a scenario at most',
    preset: 'all of dfs, 1000 of pct and random',
    parse: parseCount,
  },
  mutant: {
    kind: 'value',
    value: 'NAME',
    help: 'take one rule of the protocol out first; --list shows them',
    parse: (text: string): string => text,
  },
  replay: {
    kind: 'value',
    value: 'STRING',
    help: 'repeat one execution of a scenario, step by step',
    parse: (text: string): string => text,
  },
  list: { kind: 'switch', help: 'list the scenarios and the mutants' },
  json: { kind: 'switch', help: 'print JSON' },
} as const satisfies OptionTable;

type Options = OptionValues<typeof OPTIONS>;

const HELP: HelpSpec = {
  name: 'explore',
  description: [
    'Run small scenarios of the engine in every interleaving of their steps, over the code that ' +
      'serves, and check every rule at every step.',
    'A violation is shown as the smallest interleaving found, with a column for each actor, and ' +
      'a string that repeats it; the exit status is 1 then.',
  ],
  options: OPTIONS,
};

/** What there is to explore, in one build of the engine. */
interface Explorer {
  readonly runScenario: (name: string, options: RunOptions) => ScenarioRun;
  readonly scenarios: typeof SCENARIOS;
  readonly mutants: typeof MUTANTS;
}

function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new RangeError(`'${text}' is not a count; it takes a whole number, 1 or more`);
}

function parseScheduler(text: string): SchedulerName {
  const names: Record<SchedulerName, true> = {
    dfs: true,
    pct: true,
    random: true,
    recheck: true,
    sequential: true,
  };
  const all = Object.keys(names) as (typeof SCHEDULERS)[number][];
  const found = all.find((name) => name === text);
  if (found !== undefined) return found;
  throw new RangeError(`'${text}' is not a scheduler; it takes one of ${all.join(', ')}`);
}

/** Loads the explorer over the engine as it is. */
async function loadExplorer(): Promise<Explorer> {
  const [{ runScenario }, { SCENARIOS: scenarios }, { MUTANTS: mutants }] = await Promise.all([
    import('../../sim/run.ts'),
    import('../../sim/scenarios/index.ts'),
    import('../../sim/mutants/index.ts'),
  ]);
  return { runScenario, scenarios, mutants };
}

/** The same over a mutant's copy of the engine. */
async function loadMutant(explorer: Explorer, name: string): Promise<[Explorer, Mutant]> {
  const mutant = explorer.mutants.find((each) => each.name === name);
  if (mutant === undefined) {
    throw new UsageError(`--mutant: there is no mutant '${name}'; --list shows them`);
  }
  const module = new URL(`../../../mutants/${name}/sim/run.js`, import.meta.url);
  if (!existsSync(module)) {
    throw new UsageError('--mutant: mutants are part of a build from source only');
  }
  const { runScenario } = (await import(module.href)) as Pick<Explorer, 'runScenario'>;
  return [{ ...explorer, runScenario }, mutant];
}

function formatList({ scenarios, mutants }: Explorer): string {
  const all = [...scenarios, ...mutants];
  const width = Math.max(...all.map(({ name }) => name.length));
  const rows = (list: readonly { name: string; summary: string }[]): string[] =>
    list.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return ['Scenarios:', ...rows(scenarios), '', 'Mutants:', ...rows(mutants), ''].join('\n');
}

/** Scenarios without what is code, and mutants without their patches. */
function describeAll({ scenarios, mutants }: Explorer): unknown {
  return {
    scenarios: scenarios.map(({ name, summary, covers }) => ({ name, summary, covers })),
    mutants: mutants.map(({ name, summary, scenario }) => ({ name, summary, scenario })),
  };
}

/** One line of figures; and what went wrong. */
export function formatRun(run: ScenarioRun, mutant: string | undefined): string {
  const bound = run.preemptions === null ? '' : ` with up to ${run.preemptions} preemptions`;
  const all = run.sequential ? 'all orders of whole operations' : `all schedules${bound}`;
  const which = run.exhausted ? all : 'a sample';
  const figures =
    `${run.executions} executions (${which}), ${run.states} states, ` +
    `${run.finalStates} at the end, ${run.longest} steps at most`;
  const head = `${run.scenario}: ${figures}\n`;
  const missing = run.neverReached.map((name) => `${run.scenario}: never reached: ${name}\n`);
  if (run.failure === undefined) return [head, ...missing].join('');
  const { name, message, table, replay } = run.failure;
  const options = mutant === undefined ? '' : ` --mutant ${mutant}`;
  return [
    head,
    `${run.scenario}: ${name} is violated: ${message}\n\n`,
    `${table}\n`,
    `replay: zswapd explore --scenario ${run.scenario}${options} --replay '${replay}'\n`,
  ].join('');
}

/** The scenarios to run: the one asked for, or a mutant's own, or all. */
function chosenScenarios(
  { scenarios }: Explorer,
  wanted: string | undefined,
  mutant: Mutant | undefined,
): readonly string[] {
  const name = wanted ?? mutant?.scenario;
  if (name === undefined) return scenarios.map((scenario) => scenario.name);
  if (scenarios.some((scenario) => scenario.name === name)) return [name];
  throw new UsageError(`--scenario: there is no scenario '${name}'; --list shows them`);
}

async function explore(options: Options, out: (text: string) => void): Promise<number> {
  const clean = await loadExplorer();
  if (options.list === true) {
    out(options.json ? `${JSON.stringify(describeAll(clean), undefined, 2)}\n` : formatList(clean));
    return EXIT_OK;
  }
  const { scenario, replay, seed = DEFAULT_SEED, scheduler = 'dfs', executions } = options;
  if (replay !== undefined && scenario === undefined) {
    throw new UsageError('--replay: needs --scenario, for which the string was made');
  }
  const [explorer, mutant] =
    options.mutant === undefined ? [clean, undefined] : await loadMutant(clean, options.mutant);
  const runs: ScenarioRun[] = [];
  for (const name of chosenScenarios(explorer, scenario, mutant)) {
    const run = runOne(explorer, name, { scheduler, seed, executions, replay });
    runs.push(run);
    if (options.json !== true) out(formatRun(run, options.mutant));
  }
  if (options.json === true) out(`${JSON.stringify(runs, undefined, 2)}\n`);
  const isClean = (run: ScenarioRun): boolean =>
    run.failure === undefined && (run.neverReached.length === 0 || !run.exhausted);
  return runs.every(isClean) ? EXIT_OK : EXIT_FAILED;
}

function runOne(explorer: Explorer, name: string, options: RunOptions): ScenarioRun {
  try {
    return explorer.runScenario(name, options);
  } catch (error) {
    const isReplay = options.replay !== undefined && error instanceof Error;
    if (!isReplay || !['RangeError', 'ScheduleError'].includes(error.name)) throw error;
    throw new UsageError(`--replay: ${error.message}`, { cause: error });
  }
}

export const command: Command = {
  help: HELP,
  run: async (argv, { out }) => {
    const { given, help, version } = parseArguments(OPTIONS, argv);
    if (help || version) {
      out(help ? renderHelp(HELP) : `${VERSION}\n`);
      return EXIT_OK;
    }
    return explore(resolveOptions(OPTIONS, given), out);
  },
};
