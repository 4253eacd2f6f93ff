/**
 * Goal: no interleaving of any scenario breaks a rule. Method: every schedule, but for those that
 * differ from one that is run only in the order of steps that commute; where a scenario says so,
 * every schedule with few preemptions. Each must reach what it is about, else its silence says
 * nothing.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { explore, neverReached, trialOf } from '../../src/sim/explorer.ts';
import { formatSteps } from '../../src/sim/report.ts';
import { SCENARIOS } from '../../src/sim/scenarios/index.ts';
import { DfsScheduler } from '../../src/sim/schedulers/dfs.ts';

describe('no schedule breaks a rule', () => {
  for (const scenario of SCENARIOS) {
    it(`where ${scenario.summary}`, () => {
      const { preemptions } = scenario;
      const scheduler = new DfsScheduler(
        preemptions === undefined ? { reduce: true } : { preemptions },
      );
      const found = explore(trialOf(scenario), scheduler);
      const { failure } = found;
      if (failure !== undefined) {
        assert.fail(`${failure.name}: ${failure.message}\n${formatSteps(failure)}`);
      }
      assert.equal(found.exhausted, true);
      assert.deepEqual(neverReached(scenario, found), []);
    });
  }
});
