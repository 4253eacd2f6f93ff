import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { unpinFolio } from '../../../src/mm/folio-life.ts';
import { TestAddressSpace } from '../../support/address-space.ts';

describe('pageout', () => {
  it('swaps out the folios of a range, used or not, and tells how many pages', () => {
    const space = new TestAddressSpace();
    const region = space.map(6);
    space.fill(region);
    assert.equal(space.pageout(region, 1, 4), 3);
    assert.deepEqual(space.places(region), [
      'present',
      'entry',
      'entry',
      'entry',
      'present',
      'present',
    ]);
    assert.equal(space.pageout(region, 1, 4), 0);
    space.verify(region);
  });

  it('takes large folios whole', () => {
    const space = new TestAddressSpace();
    const region = space.map(8, { order: 2 });
    space.fill(region);
    assert.equal(space.pageout(region, 1, 2), 4);
    space.verify(region);
  });

  it('swaps out page by page where no run of slots is free', () => {
    const space = new TestAddressSpace({ slots: 7 });
    const holes = space.map(7);
    space.fill(holes);
    space.pageout(holes);
    for (const page of [0, 2, 4, 6]) space.discard(holes, page, page + 1);
    const region = space.map(4, { order: 2 });
    space.fill(region, 20);
    assert.equal(space.pageout(region), 4);
    assert.equal(space.mm.stats.orders[2]?.swpout_fallback, 1);
    space.verify(region, 20);
  });

  it('passes over what is pinned, and what has no slot to go to', () => {
    const space = new TestAddressSpace({ slots: 1 });
    const region = space.map(3);
    space.fill(region);
    const pfn = space.pin(region, 0);
    assert.equal(space.pageout(region), 1);
    assert.deepEqual(space.places(region), ['present', 'entry', 'present']);
    unpinFolio(space.mm, pfn);
    space.verify(region);
  });

  it('writes together what zswap refuses', () => {
    const space = new TestAddressSpace();
    space.params.enabled = false;
    const region = space.map(40);
    space.fill(region);
    assert.equal(space.pageout(region), 40);
    assert.deepEqual([...new Set(space.places(region))], ['device']);
    assert.equal(space.swap.vmstat.pswpout, 40);
    space.verify(region);
  });
});
