/**
 * Goal: the explorer finds every rule that is taken out. Method: each mutant's copy of the engine
 * is explored with its scenario; what is found is minimized, and its replay string must show the
 * same violation in the mutant and none in the engine as it is.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MUTANTS } from '../../src/sim/mutants/index.ts';
import { runScenario } from '../../src/sim/run.ts';

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
