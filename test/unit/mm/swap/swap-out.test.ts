import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { present } from '../../../../src/std/assert.ts';
import { TestAddressSpace, wordPage } from '../../../support/address-space.ts';

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

  it('sends a folio of which zswap refuses a page to the device, all of it', () => {
    const space = new TestAddressSpace({ entryLimit: 5 });
    const region = space.map(8, { order: 3 });
    space.fill(region);
    space.pageout(region);
    assert.deepEqual([...new Set(space.places(region))], ['device']);
    assert.equal(space.zswap.stats.stored_pages, 0);
    assert.equal(present(space.mm.stats.orders[3]).swpout, 1);
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

  it('keeps a folio that can go nowhere, readable and dirty', () => {
    const space = new TestAddressSpace({ devicePages: 0 });
    space.params.enabled = false;
    const region = space.map(4, { order: 2 });
    space.fill(region);
    assert.equal(space.pageout(region), 0);
    space.verify(region);
    space.params.enabled = true;
    assert.equal(space.pageout(region), 4);
    space.verify(region);
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

  it('loses nothing when the device refuses a write, or is full', () => {
    for (const devicePages of [64, 3]) {
      const space = new TestAddressSpace({ devicePages });
      space.params.enabled = false;
      const { device } = space;
      assert.ok(device !== undefined);
      if (devicePages === 64) device.writeErrors = 256;
      const region = space.map(12, { order: 1 });
      space.fill(region);
      const freed = space.pageout(region);
      assert.ok(freed <= 3);
      assert.equal(space.mm.frames.usedPages, 12 - freed);
      device.writeErrors = 0;
      space.verify(region);
      space.unmap(region);
      space.assertDrained();
    }
  });

  it('gives a folio back to who comes for it meanwhile, with what is written then', () => {
    for (const enabled of [true, false]) {
      const space = new TestAddressSpace();
      space.params.enabled = enabled;
      const region = space.map(4, { order: 2 });
      space.fill(region);
      space.startPageout(region);
      space.runTo('mm.swap-out.unmapped');
      assert.equal(space.begin('write', region, 2, wordPage(99)).result, 'done');
      space.settle();
      const words = [0, 1, 2, 3].map((page) => space.read(region, page));
      assert.deepEqual(words, [1, 2, 99, 4]);
      space.pageout(region);
      assert.equal(space.read(region, 2), 99);
    }
  });

  it('frees a folio that is discarded on its way out', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.fill(region);
    space.startPageout(region);
    space.runTo('mm.swap-out.unmapped');
    space.discard(region);
    space.settle();
    space.assertDrained();
  });

  it('collects more pages than one write takes', () => {
    const space = new TestAddressSpace({ frames: 200 });
    space.params.enabled = false;
    const region = space.map(128, { order: 6 });
    space.fill(region);
    assert.equal(space.pageout(region), 128);
    assert.equal(space.swap.vmstat.pswpout, 128);
    space.verify(region);
  });
});
