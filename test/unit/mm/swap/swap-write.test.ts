import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Region } from '../../../../src/mm/region.ts';
import { present } from '../../../../src/std/assert.ts';
import { TestAddressSpace } from '../../../support/address-space.ts';

/** Where on the device a page is. */
function devicePage(space: TestAddressSpace, region: Region, page: number): number {
  return space.swap.table.payload(space.slot(region, page));
}

describe('swap write', () => {
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

  it('collects more pages than one write takes', () => {
    const space = new TestAddressSpace({ frames: 200 });
    space.params.enabled = false;
    const region = space.map(128, { order: 6 });
    space.fill(region);
    assert.equal(space.pageout(region), 128);
    assert.equal(space.swap.vmstat.pswpout, 128);
    space.verify(region);
  });

  it('puts the pages of several folios side by side, and leaves those of zeros out', () => {
    const space = new TestAddressSpace();
    space.params.enabled = false;
    const region = space.map(12, { order: 1 });
    for (let page = 0; page < 12; page += 1) space.write(region, page, page % 4 === 3 ? 0 : 7);
    assert.equal(space.pageout(region), 12);
    assert.equal(space.swap.vmstat.pswpout, 9);
    assert.deepEqual(space.places(region).slice(0, 4), ['device', 'device', 'device', 'zero']);
    const written = [0, 1, 2, 4, 5, 6, 8, 9, 10];
    const first = devicePage(space, region, 0);
    assert.deepEqual(
      written.map((page) => devicePage(space, region, page) - first),
      written.map((_, i) => i),
    );
  });
});
