import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { explore, trialOf } from '../../../../src/sim/explorer.ts';
import { ScheduleError } from '../../../../src/sim/engine/execution.ts';
import { SCENARIOS } from '../../../../src/sim/scenarios/index.ts';
import { DfsScheduler } from '../../../../src/sim/schedulers/dfs.ts';
import { RandomScheduler } from '../../../../src/sim/schedulers/random.ts';
import { RecheckScheduler } from '../../../../src/sim/schedulers/recheck.ts';
import { ReplayScheduler } from '../../../../src/sim/schedulers/replay.ts';
import { execute } from '../../../../src/sim/engine/execution.ts';
import { stepTrial } from '../../../support/step-trial.ts';

describe('recheck', () => {
  it('runs each schedule twice', () => {
    const seen = new Map<string, number>();
    const onStep = (order: string): undefined => {
      if (order.length === 4) seen.set(order, (seen.get(order) ?? 0) + 1);
    };
    const recheck = new RecheckScheduler(new DfsScheduler());
    const found = explore(stepTrial({ steps: [2, 2], onStep }), recheck);
    assert.equal(found.executions, 12);
    assert.deepEqual(new Set(seen.values()), new Set([2]));
  });

  it('finds what decides by itself', () => {
    let runs = 0;
    const recheck = new RecheckScheduler(new RandomScheduler(1));
    assert.throws(() => {
      explore((rt) => stepTrial({ steps: [2, (runs += 1) === 6 ? 3 : 2] })(rt), recheck, {
        executions: 100,
      });
    }, /ran differently/);
    assert.equal(runs, 6);
  });

  it('finds a run that ends early', () => {
    let runs = 0;
    const recheck = new RecheckScheduler(new DfsScheduler());
    const begin = (): ReturnType<typeof stepTrial> =>
      stepTrial({ steps: (runs += 1) === 2 ? [1] : [1, 1] });
    assert.throws(() => explore((rt) => begin()(rt), recheck), ScheduleError);
  });

  it('finds nothing in any scenario', () => {
    for (const scenario of SCENARIOS) {
      const recheck = new RecheckScheduler(new RandomScheduler(3));
      const found = explore(trialOf(scenario), recheck, { executions: 11 });
      assert.equal(found.failure, undefined);
    }
  });
});

describe('replay', () => {
  it('repeats an execution from its schedule', () => {
    for (const scenario of SCENARIOS) {
      const scheduler = new RandomScheduler(5);
      scheduler.newExecution();
      const first = execute(trialOf(scenario), scheduler);
      const again = execute(trialOf(scenario), new ReplayScheduler(first.schedule));
      assert.deepEqual(again.steps, first.steps, scenario.name);
      assert.equal(again.finalState, first.finalState);
    }
  });

  it('refuses a schedule that does not fit', () => {
    const replay = new ReplayScheduler([5]);
    assert.throws(() => execute(stepTrial({ steps: [1, 1] }), replay), /not of this scenario/);
  });

  it('is one execution', () => {
    assert.equal(explore(stepTrial({ steps: [2, 2] }), new ReplayScheduler([])).executions, 1);
  });
});
