/**
 * How many executions a second the explorer does, and how their number grows with a scenario:
 * clients that write and read the same page, more of them and with more requests each, under every
 * schedule (reduced: those that differ only in the order of steps that do not touch the same thing
 * count once), and under those with two preemptions at most.
 */
import { explore, trialOf, type Exploration } from '../src/sim/explorer.ts';
import type { Scenario } from '../src/sim/scenarios/scenario.ts';
import { DfsScheduler } from '../src/sim/schedulers/dfs.ts';
import { describeMachine } from './environment.ts';
import { interleave, ratio, type Report, type Round, type Summaries } from './harness.ts';

export interface ExplorerOptions {
  readonly rounds: number;
}

/** Clients, and requests of each: from a handful of steps to the largest that ends in seconds. */
const SIZES: readonly (readonly [number, number])[] = [
  [2, 1],
  [2, 2],
  [2, 3],
  [3, 1],
  [3, 2],
];
/** Executions of one search at most. */
const EXECUTIONS_MAX = 5_000;
/** A small search is repeated until there are so many: a few are no measure. */
const EXECUTIONS_MIN = 500;

function clients(actors: number, requests: number): Scenario {
  return {
    name: `${actors} clients, ${requests} requests each`,
    summary: 'clients write and read one page',
    covers: [],
    world: {},
    reaches: [],
    play(stage) {
      const vm = stage.disk('vm', 1);
      stage.now(vm.write(0, 1));
      for (let actor = 0; actor < actors; actor += 1) {
        const all = Array.from({ length: requests }, (_, i) =>
          (actor + i) % 2 === 0 ? vm.write(0, 2 + actor + i) : vm.read(0),
        );
        stage.actor(`client ${actor}`, ...all);
      }
    },
  };
}

function runSearch(scenario: Scenario, preemptions: number): Round {
  const options = preemptions === Infinity ? { reduce: true } : { preemptions };
  const search = (): Exploration =>
    explore(trialOf(scenario), new DfsScheduler(options), { executions: EXECUTIONS_MAX });
  const before = process.cpuUsage();
  const found = search();
  const all = found.executions + found.cut;
  let searches = 1;
  for (; searches * all < EXECUTIONS_MIN; searches += 1) search();
  const { user, system } = process.cpuUsage(before);
  if (found.failure !== undefined) throw new Error(`${scenario.name}: ${found.failure.name}`);
  const seconds = (user + system) / 1e6 / searches;
  return {
    executions: found.executions,
    cut: found.cut,
    exhausted: found.exhausted ? 1 : 0,
    states: found.states.size,
    longest: found.longest,
    perSecond: all / seconds,
    seconds,
  };
}

const COLUMNS: readonly (readonly [string, string])[] = [
  ['executions', 'executions'],
  ['cut', 'cut short'],
  ['states', 'states'],
  ['longest', 'steps at most'],
  ['perSecond', 'executions a second'],
  ['seconds', 'seconds'],
];

function tableOf(title: string, results: ReadonlyMap<string, Summaries>): Report['tables'][number] {
  const smallest = [...results.values()][0]?.['perSecond'];
  return {
    title,
    columns: ['scenario', ...COLUMNS.map(([, column]) => column), 'rate / smallest', 'all'],
    rows: [...results].map(([name, figures]) => [
      name,
      ...COLUMNS.map(([key]) => (key === 'perSecond' ? figures[key] : figures[key]?.median)),
      ratio(figures['perSecond'], smallest),
      figures['exhausted']?.median === 1 ? 'yes' : 'no',
    ]),
  };
}

/** Executions a second, by the size of a scenario and the kind of search. */
export async function runExplorer(options: ExplorerOptions): Promise<Report> {
  const search = (preemptions: number): Promise<ReadonlyMap<string, Summaries>> =>
    interleave(
      SIZES.map(([actors, requests]) => {
        const scenario = clients(actors, requests);
        return { name: scenario.name, run: () => runSearch(scenario, preemptions) };
      }),
      options.rounds,
    );
  return {
    benchmark: 'explorer',
    machine: describeMachine(),
    notes: [
      'processor time of one thread; every rule is checked after every step',
      `a search ends after ${EXECUTIONS_MAX} executions; cut short: what follows had been seen`,
    ],
    tables: [
      tableOf('Every schedule, reduced', await search(Infinity)),
      tableOf('Schedules with two preemptions at most', await search(2)),
    ],
  };
}
