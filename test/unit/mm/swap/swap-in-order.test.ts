import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Region } from '../../../../src/mm/region.ts';
import { orderWithoutWait, swapInOrder } from '../../../../src/mm/swap/swap-in-order.ts';
import type { SlotWaiter } from '../../../../src/swap/cache.ts';
import { TestAddressSpace, type AddressSpaceOptions } from '../../../support/address-space.ts';

/** Eight pages that are in the pool, as one folio. */
function swappedOut(options: AddressSpaceOptions = {}): {
  space: TestAddressSpace;
  region: Region;
} {
  const space = new TestAddressSpace(options);
  const region = space.map(8, { order: 3 });
  space.fill(region);
  space.pageout(region);
  return { space, region };
}

function order(space: TestAddressSpace, region: Region, page: number, largest = 3): number {
  return swapInOrder(space.mm, region, page, space.slot(region, page), largest);
}

function orderNow(space: TestAddressSpace, region: Region, page: number): number | undefined {
  return orderWithoutWait(space.mm, page, space.slot(region, page), 3);
}

describe('the order of a swap-in', () => {
  it('is that of the largest aligned range that is out in aligned slots', () => {
    const { space, region } = swappedOut();
    assert.equal(order(space, region, 5), 3);
    assert.equal(order(space, region, 5, 2), 2);
    space.discard(region, 3, 4);
    assert.deepEqual(
      [0, 1, 2, 4, 7].map((page) => order(space, region, page)),
      [1, 1, 0, 2, 2],
    );
  });

  it('leaves out what is busy or in the swap cache', () => {
    const { space, region } = swappedOut();
    const owner: SlotWaiter = { nextWaiter: undefined, resume: () => {} };
    const slot = space.slot(region, 7);
    space.swap.cache.tryLock(slot, owner);
    assert.equal(order(space, region, 0), 2);
    space.swap.cache.unlock(slot, owner);
    assert.equal(order(space, region, 0), 3);
    space.mm.swapCache.add(slot, 1 as never);
    assert.equal(order(space, region, 5), 1);
    space.mm.swapCache.delete(slot);
  });

  it('is 0 where large folios are not brought in', () => {
    const { space, region } = swappedOut({ largeSwapin: 'never-with-zswap' });
    assert.equal(order(space, region, 0), 0);
  });

  it('is 0, without a wait, where the page is in memory and others are not', () => {
    const { space, region } = swappedOut();
    assert.equal(orderNow(space, region, 0), 3);
    const owner: SlotWaiter = { nextWaiter: undefined, resume: () => {} };
    space.swap.cache.tryLock(space.slot(region, 0), owner);
    assert.equal(orderNow(space, region, 0), undefined);
    space.swap.cache.unlock(space.slot(region, 0), owner);
    // A page of zeros stays in memory.
    space.write(region, 0, 0);
    space.pageout(region);
    space.writeback();
    assert.deepEqual(space.places(region).slice(0, 2), ['zero', 'device']);
    assert.equal(orderNow(space, region, 0), 0);
    assert.equal(orderNow(space, region, 1), undefined);
  });
});
