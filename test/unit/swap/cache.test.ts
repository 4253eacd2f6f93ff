/**
 * Goal: a slot has one owner, who keeps it until it gives it up, and then it is the turn of whoever
 * has waited longest. Method: random locks and unlocks of few slots that share places of the hash
 * table, against a map from slot to queue.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SimRt } from '../../../src/sim/engine/rt-sim.ts';
import { present } from '../../../src/std/assert.ts';
import { SwapCache, type SlotWaiter } from '../../../src/swap/cache.ts';
import { SLOT_END, type SwapSlot } from '../../../src/swap/table.ts';

class Waiter implements SlotWaiter {
  nextWaiter: SlotWaiter | undefined = undefined;
  /** What the task waits for, or has been woken for. */
  waitsFor = -1;
  wakes = 0;

  resume(): void {
    this.wakes += 1;
    this.waitsFor = -1;
  }
}

const slotOf = (number: number): SwapSlot => number as SwapSlot;

describe('SwapCache', () => {
  it('hands each slot over in the order of arrival, and to nobody else', () => {
    const slots = fc.oneof(
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: SLOT_END - 6, max: SLOT_END - 1 }),
    );
    const command = fc.tuple(
      fc.constantFrom('lock', 'lock', 'tryLock', 'unlock', 'unlock'),
      slots,
      fc.integer({ min: 0, max: 5 }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 250, size: 'max' }), (commands) => {
        const rt = new SimRt(1);
        const cache = new SwapCache(rt);
        const tasks = Array.from({ length: 6 }, () => new Waiter());
        const model = new Map<number, Waiter[]>();
        for (const [verb, number, taskNumber] of commands) {
          const slot = slotOf(number);
          const task = present(tasks[taskNumber]);
          const queue = model.get(number) ?? [];
          if (task.waitsFor >= 0) continue;
          if (verb === 'tryLock') {
            assert.equal(cache.tryLock(slot, task), queue.length === 0);
            if (queue.length === 0) model.set(number, [task]);
          } else if (verb === 'lock' && queue[0] !== task) {
            assert.equal(cache.lock(slot, task), queue.length === 0);
            if (queue.length > 0) task.waitsFor = number;
            model.set(number, [...queue, task]);
          } else if (verb === 'unlock' && queue[0] === task) {
            cache.unlock(slot, task);
            queue.shift();
            const wakes = queue[0]?.wakes ?? 0;
            rt.run(10);
            if (queue[0] === undefined) model.delete(number);
            else assert.equal(queue[0].wakes, wakes + 1, 'the next in the queue was not woken');
          }
          assert.equal(cache.busySlots, model.size);
          for (const [busy, owners] of model) {
            assert.equal(cache.isBusy(slotOf(busy)), true);
            for (const other of tasks) {
              assert.equal(cache.isOwner(slotOf(busy), other), owners[0] === other);
            }
          }
          if (!model.has(number)) assert.equal(cache.isBusy(slot), false);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('has handed a slot over before its new owner runs: nobody can come between', () => {
    const rt = new SimRt(1);
    const cache = new SwapCache(rt);
    const [first, second, third] = [new Waiter(), new Waiter(), new Waiter()];
    cache.lock(slotOf(5), first);
    assert.equal(cache.lock(slotOf(5), second), false);
    cache.unlock(slotOf(5), first);
    assert.equal(cache.isOwner(slotOf(5), second), true);
    assert.equal(cache.tryLock(slotOf(5), third), false);
    assert.equal(second.wakes, 0);
    rt.run(5);
    assert.equal(second.wakes, 1);
  });

  it('grows with the number of busy slots and finds all of them', () => {
    const cache = new SwapCache(new SimRt(1));
    const owner = new Waiter();
    const small = cache.metadataBytes;
    for (let slot = 0; slot < 1000; slot += 1) cache.lock(slotOf(slot * 4096), owner);
    assert.equal(cache.busySlots, 1000);
    assert.ok(cache.metadataBytes > small);
    for (let slot = 0; slot < 1000; slot += 1) cache.unlock(slotOf(slot * 4096), owner);
    assert.equal(cache.busySlots, 0);
  });

  it('catches who waits for a slot of its own, and who unlocks what is not', () => {
    const cache = new SwapCache(new SimRt(1));
    const [owner, other] = [new Waiter(), new Waiter()];
    assert.throws(() => cache.unlock(slotOf(3), owner), { name: 'InvariantError' });
    cache.lock(slotOf(3), owner);
    assert.throws(() => cache.lock(slotOf(3), owner), { name: 'InvariantError' });
    assert.throws(() => cache.unlock(slotOf(3), other), { name: 'InvariantError' });
  });
});
