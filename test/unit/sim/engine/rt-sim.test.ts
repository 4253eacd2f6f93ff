import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { SimRt, StepBudgetError } from '../../../../src/sim/engine/rt-sim.ts';

function orderOf(seed: number): string {
  const rt = new SimRt(seed);
  let order = '';
  for (const name of 'abcdef') {
    const task = {
      left: 2,
      resume: (): void => {
        order += name;
        task.left -= 1;
        if (task.left > 0) rt.point('test.place', task);
      },
    };
    rt.wake(task);
  }
  rt.run(100);
  return order;
}

const sorted = (text: string): string =>
  text
    .split('')
    .sort((a, b) => (a < b ? -1 : 1))
    .join('');

describe('SimRt', () => {
  it('repeats a schedule for its seed and finds many different ones', () => {
    assert.equal(orderOf(3), orderOf(3));
    const orders = new Set(Array.from({ length: 100 }, (_, seed) => orderOf(seed)));
    assert.ok(orders.size > 90);
    for (const order of orders) assert.equal(sorted(order), 'aabbccddeeff');
  });

  it('can run any of the tasks first', () => {
    const firsts = new Set(Array.from({ length: 100 }, (_, seed) => orderOf(seed).slice(0, 1)));
    assert.equal(sorted(Array.from(firsts).join('')), 'abcdef');
  });

  it('moves time with steps only, and notes the points that were reached', async () => {
    const rt = new SimRt(1);
    assert.equal(rt.nowMs(), 0);
    const task = { resume: (): void => {} };
    assert.equal(rt.point('a.b.c', task), true);
    rt.point('a.b.c', task);
    rt.yieldTask(task);
    assert.deepEqual([...rt.marks], [['a.b.c', 2]]);
    assert.equal(rt.idle, false);
    rt.run(10);
    assert.equal(rt.idle, true);
    assert.equal(rt.steps, 3);
    const later = rt.nowMs();
    assert.ok(later > 0);
    const waiting = rt.sleep();
    assert.equal(rt.step(), true);
    await waiting;
    assert.equal(rt.step(), false);
  });

  it('checks after each step, and gives up on a task that never finishes', () => {
    const rt = new SimRt(1);
    let checks = 0;
    const task = { resume: (): void => rt.wake(task) };
    rt.wake(task);
    assert.throws(() => rt.run(50, () => (checks += 1)), StepBudgetError);
    assert.equal(checks, 50);
  });
});
