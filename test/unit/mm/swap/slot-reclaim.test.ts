import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../../src/mm/copy.ts';
import { reclaimSlots } from '../../../../src/mm/swap/slot-reclaim.ts';
import { TestAddressSpace } from '../../../support/address-space.ts';

/** Clean cached pages whose slots are all that the area has. */
function fullOfCopies(): TestAddressSpace {
  const space = new TestAddressSpace({ slots: 16 });
  const region = space.map(8);
  space.fill(region);
  space.pageout(region);
  space.writeback();
  space.verify(region);
  assert.equal(space.mm.areas.usedSlots, 8);
  const more = space.map(8);
  space.fill(more, 100);
  space.pageout(more);
  assert.equal(space.mm.areas.usedSlots, 16);
  return space;
}

describe('slot reclaim', () => {
  it('takes slots from clean cached pages for pages that have none', () => {
    const space = fullOfCopies();
    const region = space.map(4);
    space.fill(region, 200);
    assert.equal(space.pageout(region), 4);
    space.verify(region, 200);
    for (const each of space.mm.regions()) space.read(each, 0);
  });

  it('frees nothing where all slots are named by PTEs', () => {
    const space = new TestAddressSpace({ slots: 8 });
    const region = space.map(8);
    space.fill(region);
    assert.equal(reclaimSlots(space.mm), false);
    space.pageout(region);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    space.writeback();
    // Each is cached, and named by the other region.
    space.verify(region);
    assert.equal(reclaimSlots(space.mm), false);
    space.verify(copy);
  });

  it('lets a program use all frames and all slots', () => {
    const space = new TestAddressSpace({ frames: 16, slots: 16 });
    const region = space.map(30);
    for (let round = 0; round < 3; round += 1) {
      space.fill(region, round * 100 + 1);
      if (round === 1) space.writeback();
      space.verify(region, round * 100 + 1);
    }
  });
});
