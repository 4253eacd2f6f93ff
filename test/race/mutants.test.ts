/**
 * Goal: the explorer finds every rule that is taken out. Method: each mutant's copy of the engine
 * is explored with its scenario; what is found is minimized, and its replay string must show the
 * same violation in the mutant and none in the engine as it is.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MUTANTS } from '../../src/sim/mutants/index.ts';
import { columnOf } from '../../src/sim/report.ts';
import { runScenario } from '../../src/sim/run.ts';

/** Steps of the longest interleaving that is needed: what is minimized has no more. */
const STEPS_MAX = 25;
const SEARCH = { scheduler: 'dfs', seed: 1 } as const;

interface MutantModule {
  readonly runScenario: typeof runScenario;
}

describe('the explorer finds the mutant', () => {
  for (const { name, summary, scenario } of MUTANTS) {
    it(`${name}: ${summary}`, async () => {
      const path = new URL(`../../mutants/${name}/sim/run.js`, import.meta.url).href;
      const mutant = (await import(path)) as MutantModule;
      const { failure } = mutant.runScenario(scenario, SEARCH);
      assert.ok(failure !== undefined, 'not found');
      const columns = new Set(failure.steps.map(({ actor }) => columnOf(actor)));
      assert.ok(columns.size >= 2, 'one actor alone is wrong');
      const [heading = '', ...lines] = failure.table.trimEnd().split('\n');
      for (const column of columns) assert.ok(heading.includes(column), column);
      assert.equal(lines.length, failure.steps.length);
      assert.ok(lines.length <= STEPS_MAX, `${lines.length} steps are not minimal`);
      const replay = { ...SEARCH, replay: failure.replay };
      const again = mutant.runScenario(scenario, replay).failure;
      assert.equal(again?.name, failure.name);
      assert.equal(again?.table, failure.table);
      const inClean = (): unknown => runScenario(scenario, replay).failure;
      // The engine as it is may not have that schedule; if it has, nothing is wrong.
      try {
        assert.equal(inClean(), undefined);
      } catch (error) {
        assert.equal((error as Error).name, 'ScheduleError');
      }
    });
  }
});
