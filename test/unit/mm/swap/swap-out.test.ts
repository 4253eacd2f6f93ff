import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { present } from '../../../../src/std/assert.ts';
import { TestAddressSpace } from '../../../support/address-space.ts';

describe('swap-out', () => {
  it('stores a large folio as a whole, and counts it once for its order', () => {
    const space = new TestAddressSpace();
    const region = space.map(8, { order: 3 });
    space.fill(region);
    assert.equal(space.pageout(region), 8);
    assert.equal(space.zswap.stats.stored_pages, 8);
    assert.equal(present(space.mm.stats.orders[3]).zswpout, 1);
    assert.equal(space.slot(region, 0) % 8, 0);
    space.verify(region);
  });

  it('writes nothing for pages of zeros', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.write(region, 1, 0);
    space.pageout(region);
    assert.deepEqual([...new Set(space.places(region))], ['zero']);
    assert.equal(space.swap.vmstat.swpout_zero, 4);
    assert.equal(present(space.mm.stats.orders[2]).zswpout, 0);
    assert.equal(space.read(region, 1), 0);
    assert.equal(present(space.mm.stats.orders[2]).zswpin, 0);
  });

  it('keeps a group’s pages that zswap refuses off the device where it is told to', () => {
    const space = new TestAddressSpace();
    const group = space.memcgs.create('tenant');
    group.setZswapMax(0);
    group.setWriteback(false);
    const region = space.map(4, { group });
    space.fill(region);
    assert.equal(space.pageout(region), 0);
    assert.equal(space.swap.vmstat.pswpout, 0);
    space.verify(region);
  });
});
