import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { explore } from '../../../src/sim/explorer.ts';
import { execute } from '../../../src/sim/engine/execution.ts';
import { minimize } from '../../../src/sim/minimize.ts';
import { formatSteps } from '../../../src/sim/report.ts';
import { RandomScheduler } from '../../../src/sim/schedulers/random.ts';
import { ReplayScheduler } from '../../../src/sim/schedulers/replay.ts';
import { stepTrial } from '../../support/step-trial.ts';

/** Wrong as soon as `b` has gone first and `a` has taken two steps before `b`'s second. */
const trial = stepTrial({
  steps: [4, 4, 4],
  onStep: (order) => (/^[ac]*b[ac]*a[ac]*a/.test(order) ? 'two of a within b' : undefined),
});

describe('minimizing', () => {
  it('shrinks a known case to the steps that matter, and to one preemption', () => {
    for (const seed of [1, 20, 300]) {
      const { failure } = explore(trial, new RandomScheduler(seed), { executions: 100 });
      assert.ok(failure !== undefined);
      const smallest = minimize(trial, failure);
      assert.equal(smallest.name, failure.name);
      const order = smallest.steps.map(({ actor }) => actor).join('');
      assert.equal(order, 'baa', `seed ${seed}`);
    }
  });

  it('leaves a schedule that repeats the failure', () => {
    const { failure } = explore(trial, new RandomScheduler(1), { executions: 100 });
    assert.ok(failure !== undefined);
    const smallest = minimize(trial, failure);
    const again = execute(trial, new ReplayScheduler(smallest.schedule));
    assert.deepEqual(again.failure, smallest);
  });
});

describe('the table of steps', () => {
  it('has a column for each actor; a device stands with its user', () => {
    const steps = [
      { actor: 'writer', at: 'begin write 0 = 2' },
      { actor: 'reader', at: 'begin read 0' },
      { actor: 'device of writer', at: 'device page 0' },
    ];
    assert.equal(
      formatSteps({ steps }),
      [
        'step  writer             reader',
        '   1  begin write 0 = 2',
        '   2                     begin read 0',
        '   3  device page 0',
        '',
      ].join('\n'),
    );
  });
});
