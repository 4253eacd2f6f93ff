import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { explore, trialOf } from '../../../../src/sim/explorer.ts';
import { ScheduleError } from '../../../../src/sim/engine/execution.ts';
import { SCENARIOS } from '../../../../src/sim/scenarios/index.ts';
import { DfsScheduler } from '../../../../src/sim/schedulers/dfs.ts';
import { stepTrial } from '../../../support/step-trial.ts';

function binomial(n: number, k: number): number {
  return k === 0 ? 1 : (binomial(n - 1, k - 1) * n) / k;
}

describe('exhaustive search', () => {
  it('runs exactly C(n + m, n) schedules of n and m steps, each once', () => {
    for (const [n, m] of [
      [1, 1],
      [3, 2],
      [4, 4],
      [6, 3],
    ] as const) {
      const orders = new Set<string>();
      const onStep = (order: string): undefined => {
        if (order.length === n + m) orders.add(order);
      };
      const found = explore(stepTrial({ steps: [n, m], onStep }), new DfsScheduler());
      assert.equal(found.executions, binomial(n + m, n));
      assert.equal(orders.size, found.executions);
      assert.equal(found.exhausted, true);
    }
  });

  it('runs one schedule of steps that are independent, and reaches all of their states', () => {
    const trial = stepTrial({ steps: [4, 4], isLocal: true });
    const all = explore(trial, new DfsScheduler());
    const reduced = explore(trial, new DfsScheduler({ reduce: true }));
    assert.equal(all.executions, 70);
    assert.equal(reduced.executions, 1);
    assert.deepEqual(reduced.states, all.states);
    assert.deepEqual(reduced.finalStates, all.finalStates);
  });

  it('runs schedules with so many preemptions at most', () => {
    const count = (preemptions: number): number =>
      explore(stepTrial({ steps: [3, 3] }), new DfsScheduler({ preemptions })).executions;
    // One after the other; or one of them interrupted once, after its first or second step.
    assert.equal(count(0), 2);
    assert.equal(count(1), 2 + 4);
    assert.equal(count(5), 20);
  });

  for (const name of [
    'writeback-overwrite',
    'writeback-device-error',
    'store-read-trim',
    'spill-read',
    'sibling-isolation',
    'writeback-swapoff',
  ]) {
    it(`reaches the same states with and without the reduction in ${name}`, () => {
      const scenario = SCENARIOS.find((each) => each.name === name);
      assert.ok(scenario !== undefined);
      const all = explore(trialOf(scenario), new DfsScheduler());
      const reduced = explore(trialOf(scenario), new DfsScheduler({ reduce: true }));
      assert.ok(reduced.executions < all.executions);
      assert.deepEqual(new Set(reduced.finalStates), all.finalStates);
      assert.deepEqual(new Set(reduced.states), all.states);
    });
  }

  it('tries each drawn number high and low', () => {
    const drawn: number[] = [];
    const begin = stepTrial({ steps: [1] });
    const found = explore((rt) => {
      const trial = begin(rt);
      return { ...trial, check: () => (drawn.push(rt.randomU32()), undefined) };
    }, new DfsScheduler());
    assert.deepEqual(drawn, [0xffff_ffff, 0]);
    assert.equal(found.executions, 2);
  });

  it('notices a run that is not repeated by the same choices', () => {
    let runs = 0;
    const leaky = stepTrial({ steps: [2, 2] });
    const other = stepTrial({ steps: [2, 2, 1] });
    const scheduler = new DfsScheduler();
    assert.throws(() => {
      explore((rt) => ((runs += 1) === 3 ? other(rt) : leaky(rt)), scheduler);
    }, ScheduleError);
  });
});
