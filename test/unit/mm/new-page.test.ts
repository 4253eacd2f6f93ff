import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../src/mm/copy.ts';
import { untouchedOrder } from '../../../src/mm/new-page.ts';
import { TestAddressSpace, wordPage } from '../../support/address-space.ts';

describe('a new page', () => {
  it('makes a folio of the largest order whose range is untouched and in the region', () => {
    const space = new TestAddressSpace();
    const region = space.map(22, { order: 3 });
    space.write(region, 2, 1);
    space.write(region, 21, 1);
    assert.equal(space.mm.frames.usedPages, 8 + 2);
    space.discard(region, 8, 16);
    space.write(region, 9, 1);
    const { orders } = space.mm.stats;
    assert.deepEqual(
      orders.map((order) => order.anon_fault_alloc),
      [0, 1, 0, 2, 0, 0, 0, 0, 0, 0],
    );
  });

  it('copies a shared page at the first write, and only then', () => {
    const space = new TestAddressSpace();
    const region = space.map(2);
    space.fill(region);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    space.verify(copy);
    assert.equal(space.mm.frames.usedPages, 2);
    space.write(copy, 0, 9);
    assert.equal(space.mm.frames.usedPages, 3);
    assert.equal(space.mm.stats.events.pgcow, 1);
    assert.equal(space.read(region, 0), 1);
    // The other is alone with the page now.
    space.write(region, 0, 8);
    assert.equal(space.mm.stats.events.pgcow, 1);
    assert.equal(space.read(copy, 0), 9);
  });

  it('charges the parent when the region’s group has gone', () => {
    const space = new TestAddressSpace();
    const parent = space.memcgs.create('parent');
    const group = space.memcgs.create('child', parent);
    const region = space.map(4, { group });
    space.memcgs.offline(group);
    const other = space.memcgs.create('other');
    assert.equal(other.id, group.id);
    space.fill(region);
    assert.equal(parent.framePages, 4);
    assert.equal(other.framePages, 0);
    space.pageout(region);
    space.verify(region);
    space.unmap(region);
    space.assertDrained();
  });

  it('backs out where somebody else was quicker', () => {
    const space = new TestAddressSpace({ frames: 4 });
    const region = space.map(8, { order: 1 });
    const faults = [0, 0, 1, 1, 0].map((page) => {
      return space.begin('write', region, page, wordPage(page + 1));
    });
    space.settle();
    assert.ok(faults.every(({ result }) => result === 'done'));
    space.verify(region, 1, 2);
    assert.equal(space.mm.frames.usedPages, 2);
  });

  it('has the order of the largest aligned range around it that is untouched', () => {
    const space = new TestAddressSpace();
    const region = space.map(14, { order: 0 });
    space.write(region, 3, 1);
    assert.deepEqual(
      [0, 2, 4, 8, 12, 13].map((page) => untouchedOrder(region, page, 3)),
      [1, 0, 2, 2, 1, 1],
    );
    assert.equal(untouchedOrder(region, 4, 1), 1);
  });
});
