import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { NO_SLOT } from '../../../../src/mm/swap/swap-areas.ts';
import type { SwapSlot } from '../../../../src/swap/table.ts';
import { TestAddressSpace } from '../../../support/address-space.ts';

const HOLDER = { nextWaiter: undefined, resume: (): void => {} };

describe('SwapAreas', () => {
  it('fills areas of higher priority first, and those of the same in their order', () => {
    const space = new TestAddressSpace({ slots: 0 });
    const low = space.addArea('low', 2, 1);
    const high = space.addArea('high', 1, 5);
    const second = space.addArea('second', 2, 1);
    const { areas } = space.mm;
    const slots = Array.from({ length: 5 }, () => areas.allocate(0));
    const firsts = [high.firstSlot, low.firstSlot, low.firstSlot + 1, second.firstSlot];
    assert.deepEqual(slots.slice(0, 4), firsts);
    assert.equal(areas.allocate(0), NO_SLOT);
    assert.equal(areas.isHalfFull, true);
    for (const slot of slots) areas.release(slot as SwapSlot);
    assert.equal(areas.usedSlots, 0);
    assert.equal(areas.isHalfFull, false);
  });

  it('allocates nothing in an area that is closed', () => {
    const space = new TestAddressSpace({ slots: 8 });
    const { areas } = space.mm;
    assert.ok(space.area !== undefined);
    areas.setOpen(space.area, false);
    assert.equal(areas.allocate(0), NO_SLOT);
    assert.deepEqual(areas.open, []);
    areas.setOpen(space.area, true);
    assert.notEqual(areas.allocate(0), NO_SLOT);
  });

  it('gives large folios aligned runs, so that none spans two clusters (T003-g)', () => {
    const space = new TestAddressSpace({ slots: 0 });
    space.addArea('small', 7);
    space.addArea('large', 1500, 1);
    for (const order of [9, 4, 1, 0]) {
      const slot = space.mm.areas.allocate(order);
      assert.notEqual(slot, NO_SLOT);
      assert.equal(slot % 2 ** order, 0);
    }
    // What is left of the clusters is in use, or too short.
    assert.equal(space.mm.areas.allocate(9), NO_SLOT);
  });

  it('frees a slot when its owner gives it up, after all who wait for it', () => {
    const space = new TestAddressSpace({ slots: 8 });
    const { areas } = space.mm;
    const slot = areas.allocate(0) as SwapSlot;
    space.swap.setZero(slot);
    assert.equal(space.swap.cache.lock(slot, HOLDER), true);
    const order: string[] = [];
    const waiter = {
      nextWaiter: undefined,
      resume: (): void => {
        order.push(`waiter, ${areas.usedSlots} used`);
        space.swap.cache.unlock(slot, waiter);
      },
    };
    areas.release(slot);
    areas.release(slot);
    assert.equal(space.swap.cache.lock(slot, waiter), false);
    assert.equal(areas.usedSlots, 1);
    space.swap.cache.unlock(slot, HOLDER);
    space.rt.run(100);
    assert.deepEqual(order, ['waiter, 1 used']);
    assert.equal(areas.usedSlots, 0);
    assert.equal(space.swap.table.usedSlots, 0);
    assert.equal(space.swap.cache.busySlots, 0);
  });
});
