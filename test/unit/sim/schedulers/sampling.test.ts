import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { explore } from '../../../../src/sim/explorer.ts';
import type { Scheduler } from '../../../../src/sim/engine/scheduler.ts';
import { PctScheduler } from '../../../../src/sim/schedulers/pct.ts';
import { RandomScheduler } from '../../../../src/sim/schedulers/random.ts';
import { stepTrial } from '../../../support/step-trial.ts';

function ordersOf(scheduler: Scheduler, executions = 200): string[] {
  const orders: string[] = [];
  const onStep = (order: string): undefined => {
    if (order.length === 9) orders.push(order);
  };
  explore(stepTrial({ steps: [3, 3, 3], onStep }), scheduler, { executions });
  return orders;
}

const SCHEDULERS = {
  random: (seed: number) => new RandomScheduler(seed),
  pct: (seed: number) => new PctScheduler(seed),
};

for (const [name, create] of Object.entries(SCHEDULERS)) {
  describe(`the scheduler ${name}`, () => {
    it('runs the same schedules for the same seed, and others for another', () => {
      assert.deepEqual(ordersOf(create(7)), ordersOf(create(7)));
      assert.notDeepEqual(ordersOf(create(7)), ordersOf(create(100_000)));
    });

    it('runs many different schedules, and lets anybody go first', () => {
      const orders = new Set(ordersOf(create(1)));
      assert.ok(orders.size > 20, `${orders.size}`);
      assert.equal(new Set([...orders].map((order) => order[0])).size, 3);
    });
  });
}

it('pct switches only where it has to or at two changes of priority', () => {
  for (const order of ordersOf(new PctScheduler(1))) {
    const switches = order.split('').filter((actor, i) => i > 0 && actor !== order[i - 1]).length;
    assert.ok(switches <= 2 + 2 * 2, order);
  }
});
