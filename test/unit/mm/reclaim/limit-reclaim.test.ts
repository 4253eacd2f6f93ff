import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { TestAddressSpace } from '../../../support/address-space.ts';

describe('reclaim for lowered limits', () => {
  it('brings each group below its limit, and leaves the others alone', () => {
    const space = new TestAddressSpace({ frames: 128 });
    const groups = ['a', 'b', 'c'].map((name) => space.memcgs.create(name));
    const regions = groups.map((group) => space.map(32, { group }));
    for (const region of regions) space.fill(region);
    const { limitReclaim } = space.mm;
    for (const group of groups.slice(0, 2)) {
      group.setMemoryMax(16 * PAGE_SIZE);
      limitReclaim.enforce(group);
    }
    assert.equal(limitReclaim.running, true);
    space.settle();
    assert.equal(limitReclaim.running, false);
    assert.deepEqual(
      groups.map((group) => group.memoryCurrent <= 16 * PAGE_SIZE),
      [true, true, false],
    );
    assert.equal(groups[2]?.framePages, 32);
    for (const region of regions) space.verify(region);
  });

  it('ends where nothing more can be had', () => {
    const space = new TestAddressSpace({ slots: 0 });
    const group = space.memcgs.create('group');
    space.fill(space.map(32, { group }));
    group.setMemoryMax(0);
    space.mm.limitReclaim.enforce(group);
    space.settle();
    assert.equal(space.mm.limitReclaim.running, false);
    assert.equal(group.framePages, 32);
  });

  it('has nothing to do for a group that goes meanwhile, or when it is stopped', () => {
    const space = new TestAddressSpace({ frames: 128 });
    const groups = ['a', 'b'].map((name) => space.memcgs.create(name));
    for (const group of groups) space.fill(space.map(32, { group }));
    for (const group of groups) {
      group.setMemoryMax(PAGE_SIZE);
      space.mm.limitReclaim.enforce(group);
    }
    for (const group of groups.slice(0, 1)) space.memcgs.offline(group);
    space.mm.limitReclaim.stop();
    space.settle();
    assert.equal(space.mm.limitReclaim.running, false);
    assert.deepEqual(
      groups.map((group) => group.framePages),
      [32, 32],
    );
  });
});
