import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { InvariantError } from '../../../../src/std/assert.ts';
import { execute, type Execution } from '../../../../src/sim/engine/execution.ts';
import { RandomScheduler } from '../../../../src/sim/schedulers/random.ts';
import { stepTrial } from '../../../support/step-trial.ts';

function run(onStep: (order: string) => string | undefined): Execution {
  return execute(stepTrial({ steps: [2, 2], onStep }), new RandomScheduler(1));
}

describe('an execution', () => {
  it('ends at the first violation, with the steps and choices that led to it', () => {
    const { failure, steps } = run((order) => (order.length === 3 ? 'three' : undefined));
    assert.equal(failure?.name, 'order');
    assert.equal(failure?.message, 'three');
    assert.equal(steps.length, 3);
    assert.equal(failure?.steps, steps);
  });

  it('takes a failed assertion and any other error for violations', () => {
    const asserting = run(() => {
      throw new InvariantError('broken');
    });
    assert.equal(asserting.failure?.name, 'assertion');
    const throwing = run(() => {
      throw new TypeError('surprise');
    });
    assert.equal(throwing.failure?.name, 'exception');
    assert.match(throwing.failure?.message ?? '', /surprise/);
  });

  it('does not wait for ever for somebody who never ends', () => {
    const begin = stepTrial({ steps: [1000] });
    const { failure } = execute(begin, new RandomScheduler(1), { budget: 50 });
    assert.equal(failure?.name, 'retriesAreBounded');
  });

  it('notes neither choice nor preemption where only one can run', () => {
    const { schedule, preemptions, steps } = execute(
      stepTrial({ steps: [5] }),
      new RandomScheduler(1),
    );
    assert.deepEqual([schedule, preemptions, steps.length], [[], 0, 5]);
  });
});
