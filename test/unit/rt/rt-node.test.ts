import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { NodeRt } from '../../../src/rt/rt-node.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('NodeRt', () => {
  it('resumes woken tasks in their order, from an empty stack', async () => {
    const rt = new NodeRt();
    const order: number[] = [];
    for (const id of [1, 2, 3]) rt.wake({ resume: () => order.push(id) });
    assert.deepEqual(order, []);
    await Promise.resolve();
    assert.deepEqual(order, [1, 2, 3]);
  });

  it('lets input and output have their turn though tasks keep waking one another', async () => {
    const rt = new NodeRt();
    let runs = 0;
    let runsAtTurn = -1;
    const task = {
      resume: (): void => {
        runs += 1;
        if (runs < 1000) rt.wake(task);
      },
    };
    rt.wake(task);
    setImmediate(() => {
      runsAtTurn = runs;
    });
    while (runs < 1000) await turn();
    assert.ok(runsAtTurn > 0 && runsAtTurn < 1000, `first turn after ${runsAtTurn} runs`);
  });

  it('resumes all of a crowd that is larger than a batch', async () => {
    const rt = new NodeRt();
    const order: number[] = [];
    for (let id = 0; id < 500; id += 1) rt.wake({ resume: () => order.push(id) });
    while (order.length < 500) await turn();
    assert.deepEqual(
      order,
      Array.from({ length: 500 }, (_, id) => id),
    );
  });

  it('resumes a task that yielded only after a turn of the event loop, once per turn', async () => {
    const rt = new NodeRt();
    let runs = 0;
    const task = {
      resume: (): void => {
        runs += 1;
        if (runs < 5) rt.yieldTask(task);
      },
    };
    rt.yieldTask(task);
    await Promise.resolve();
    assert.equal(runs, 0);
    while (runs < 5) {
      const before = runs;
      await turn();
      assert.ok(runs <= before + 1);
    }
  });

  it('never interrupts at a point', () => {
    const rt = new NodeRt();
    assert.equal(rt.point(), false);
  });

  it('has a clock that does not go back and chance in 32 bits', async () => {
    const rt = new NodeRt();
    const before = rt.nowMs();
    await rt.sleep(1);
    await rt.yieldNow();
    assert.ok(rt.nowMs() >= before);
    for (let i = 0; i < 100; i += 1) {
      const value = rt.randomU32();
      assert.equal(value, value >>> 0);
    }
  });
});
