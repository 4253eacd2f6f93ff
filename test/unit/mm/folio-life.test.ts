import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../src/mm/copy.ts';
import {
  detachFolio,
  isExclusive,
  isReferenced,
  markDirty,
  reapFolio,
  unpinFolio,
} from '../../../src/mm/folio-life.ts';
import { present } from '../../../src/std/assert.ts';
import { TestAddressSpace } from '../../support/address-space.ts';

describe('a folio', () => {
  it('is freed with its last mapping, or its last pin', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    const pfn = space.pin(region, 0);
    space.discard(region);
    assert.equal(space.mm.frames.usedPages, 1);
    unpinFolio(space.mm, pfn);
    space.assertDrained();
  });

  it('stays in the swap cache as long as a PTE names one of its slots', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.fill(region);
    space.pageout(region);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    space.verify(region);
    const pfn = space.pfn(region, 0);
    assert.equal(isReferenced(space.mm, pfn), true);
    space.discard(region);
    reapFolio(space.mm, pfn);
    assert.equal(space.mm.frames.usedPages, 4);
    assert.deepEqual([...new Set(space.places(copy))], ['cached']);
    space.discard(copy, 0, 3);
    assert.equal(space.mm.frames.usedPages, 4);
    space.discard(copy, 3, 4);
    space.assertDrained();
  });

  it('loses its copies when it becomes dirty, and its slots where nobody names them', () => {
    const space = new TestAddressSpace();
    const region = space.map(2, { order: 1 });
    space.fill(region);
    space.pageout(region);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    space.verify(region);
    const pfn = space.pfn(region, 0);
    assert.equal(space.zswap.stats.stored_pages, 2);
    markDirty(space.mm, pfn);
    assert.equal(space.zswap.stats.stored_pages, 0);
    assert.equal(space.mm.areas.usedSlots, 2);
    space.verify(copy);
    assert.equal(space.mm.areas.usedSlots, 0);
    space.check();
  });

  it('can be detached from its slots at any time, but not while it is written out', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.fill(region);
    space.pageout(region);
    space.verify(region);
    const pfn = space.pfn(region, 0);
    detachFolio(space.mm, pfn);
    detachFolio(space.mm, pfn);
    assert.equal(space.mm.areas.usedSlots, 0);
    space.startPageout(region);
    space.runTo('mm.swap-out.unmapped');
    detachFolio(space.mm, pfn);
    assert.equal(space.mm.areas.usedSlots, 4);
    space.settle();
    space.verify(region);
  });

  it('is a region’s own where no other maps the page or names its slot', () => {
    const space = new TestAddressSpace();
    const region = space.map(2);
    space.fill(region);
    assert.equal(isExclusive(space.mm, region, 0, space.pfn(region, 0)), true);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    assert.equal(isExclusive(space.mm, region, 0, space.pfn(region, 0)), false);
    space.discard(copy, 0, 1);
    assert.equal(isExclusive(space.mm, region, 0, space.pfn(region, 0)), true);
    space.pageout(region);
    space.read(region, 1);
    assert.equal(isExclusive(space.mm, region, 1, space.pfn(region, 1)), false);
  });

  it('is split into pages that keep what was true of it', () => {
    const space = new TestAddressSpace();
    const group = space.memcgs.create('tenant');
    const region = space.map(8, { order: 3, group });
    space.fill(region);
    const copy = copyRegion(space.mm, region, 'copy', group);
    space.discard(copy, 2, 4);
    assert.equal(present(space.mm.stats.orders[3]).split, 1);
    assert.equal(group.framePages, 8);
    for (let page = 0; page < 8; page += 1) {
      const pfn = space.pfn(region, page);
      assert.equal(space.mm.folios.order(pfn), 0);
      assert.equal(space.mm.folios.mapcount(pfn), page === 2 || page === 3 ? 1 : 2);
      assert.equal(space.mm.folios.index(pfn), page);
    }
    space.verify(region);
  });
});
