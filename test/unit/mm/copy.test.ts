import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../src/mm/copy.ts';
import { TestAddressSpace, wordPage } from '../../support/address-space.ts';

describe('copyRegion', () => {
  for (const swapinMode of ['cache', 'direct'] as const) {
    it(`shares pages wherever they are, until one of them is written to (${swapinMode})`, () => {
      const space = new TestAddressSpace({ swapinMode });
      const group = space.memcgs.create('copies');
      const region = space.map(8);
      space.fill(region);
      space.write(region, 2, 0);
      space.pageout(region, 0, 3);
      space.pageout(region, 4, 5);
      space.writeback();
      space.pageout(region, 5, 6);
      const slots = space.mm.areas.usedSlots;
      const copy = copyRegion(space.mm, region, 'copy', group);
      assert.equal(space.mm.areas.usedSlots, slots);
      assert.equal(group.framePages, 0);
      space.check();
      for (let page = 0; page < 8; page += 2) space.write(copy, page, 100 + page);
      for (let page = 1; page < 8; page += 2) space.write(region, page, 200 + page);
      for (let page = 0; page < 8; page += 1) {
        const own = page % 2 === 0;
        assert.equal(space.read(copy, page), own ? 100 + page : page + 1);
        const original = page === 2 ? 0 : page + 1;
        assert.equal(space.read(region, page), own ? original : 200 + page);
      }
      space.unmap(region);
      for (let page = 1; page < 8; page += 2) assert.equal(space.read(copy, page), page + 1);
      space.unmap(copy);
      space.assertDrained();
    });

    it(`holds what was there when it was made, while the page comes in (${swapinMode})`, () => {
      for (const point of ['mm.swap-in.locked', 'mm.swap-in.loaded']) {
        const space = new TestAddressSpace({ swapinMode });
        const region = space.map(1);
        space.fill(region);
        space.pageout(region);
        const write = space.begin('write', region, 0, wordPage(9));
        space.runTo(point);
        const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
        space.settle();
        assert.equal(write.result, 'done');
        assert.equal(space.read(copy, 0), 1);
        assert.equal(space.read(region, 0), 9);
      }
    });
  }

  it('can be made while pages go out', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.fill(region);
    space.startPageout(region);
    space.runTo('mm.swap-out.unmapped');
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    const write = space.begin('write', region, 1, wordPage(50));
    space.settle();
    assert.equal(write.result, 'done');
    space.verify(copy);
    assert.equal(space.read(region, 1), 50);
  });

  it('can be copied in turn, more often than a byte counts', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    space.fill(region);
    space.pageout(region);
    const copies = Array.from({ length: 300 }, () => {
      return copyRegion(space.mm, region, 'copy', space.memcgs.root);
    });
    assert.equal(space.mm.areas.count(space.slot(region, 0)), 301);
    for (const each of [region, ...copies]) space.unmap(each);
    space.assertDrained();
  });
});
