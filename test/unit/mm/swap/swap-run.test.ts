import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../../src/mm/copy.ts';
import type { Region } from '../../../../src/mm/region.ts';
import { isUncachedRun, SwapRun } from '../../../../src/mm/swap/swap-run.ts';
import type { SlotWaiter } from '../../../../src/swap/cache.ts';
import { TestAddressSpace } from '../../../support/address-space.ts';

/** Four pages that are in the pool, and the run that they are. */
function swappedOut(): { space: TestAddressSpace; region: Region; run: SwapRun } {
  const space = new TestAddressSpace();
  const region = space.map(4, { order: 2 });
  space.fill(region);
  space.pageout(region);
  const run = new SwapRun();
  run.begin(region, 0, space.slot(region, 0), 4);
  return { space, region, run };
}

function waiter(): SlotWaiter {
  return { nextWaiter: undefined, resume: () => assert.fail('nobody waits') };
}

describe('a run of slots', () => {
  it('is one as long as each page names the slot at its place, and no folio has it', () => {
    const { space, region, run } = swappedOut();
    assert.equal(run.isUncached(space.mm), true);
    assert.equal(isUncachedRun(space.mm, region, 1, run.slot, 3), false, 'one slot too low');
    assert.equal(isUncachedRun(space.mm, region, 1, run.slotAt(1), 3), true);
    space.mm.swapCache.add(run.slotAt(3), 1 as never);
    assert.equal(run.isUncached(space.mm), false);
    assert.equal(isUncachedRun(space.mm, region, 0, run.slot, 3), true);
    space.mm.swapCache.delete(run.slotAt(3));
    space.discard(region, 3, 4);
    assert.equal(run.isUncached(space.mm), false);
  });

  it('is named in the parts that are left, until the region is unmapped', () => {
    const { space, region, run } = swappedOut();
    space.discard(region, 1, 2);
    assert.equal(run.isNamed(0, 4), false);
    assert.equal(run.isNamed(0, 1), true);
    assert.equal(run.isNamed(2, 4), true);
    space.unmap(region);
    assert.equal(run.isNamed(0, 0), false);
  });

  it('has all its slots locked or none', () => {
    const { space, run } = swappedOut();
    const { cache } = space.swap;
    const [first, second] = [waiter(), waiter()];
    assert.ok(cache.tryLock(run.slotAt(2), first));
    assert.equal(run.tryLock(cache, second), false);
    assert.equal(cache.isBusy(run.slotAt(0)), false);
    assert.equal(cache.isBusy(run.slotAt(1)), false);
    cache.unlock(run.slotAt(2), first);
    assert.equal(run.tryLock(cache, second), true);
    assert.ok([0, 1, 2, 3].every((i) => cache.isBusy(run.slotAt(i))));
    run.unlock(cache, second);
    assert.ok([0, 1, 2, 3].every((i) => !cache.isBusy(run.slotAt(i))));
  });

  it('is shared where a copy of the region names one of its slots, which then is not freed', () => {
    const { space, region, run } = swappedOut();
    assert.equal(run.isUnshared(space.mm.areas), true);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    space.discard(copy, 0, 3);
    assert.equal(run.isUnshared(space.mm.areas), false);
    run.release(space.mm.areas);
    assert.equal(space.mm.areas.usedSlots, 4);
    space.verify(region);
    assert.equal(space.read(copy, 3), 4);
  });
});
