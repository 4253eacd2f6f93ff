import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Region } from '../../../../src/mm/region.ts';
import { present } from '../../../../src/std/assert.ts';
import { EIO } from '../../../../src/std/errno.ts';
import { TestAddressSpace, wordPage } from '../../../support/address-space.ts';

/** Pages that are in the pool, as one folio of that order. */
function swappedOut(pages: number, order: number): { space: TestAddressSpace; region: Region } {
  const space = new TestAddressSpace();
  const region = space.map(pages, { order });
  space.fill(region);
  space.pageout(region);
  return { space, region };
}

describe('swap read', () => {
  it('is one read where all pages are on the device (T003-b)', () => {
    const { space, region } = swappedOut(8, 3);
    space.writeback();
    assert.equal(space.read(region, 2), 3);
    assert.equal(present(space.mm.stats.orders[3]).swpin, 1);
    assert.equal(space.swap.vmstat.pswpin, 8);
    assert.equal(space.mm.frames.usedPages, 8);
    space.verify(region);
  });

  it('reads a folio of the largest order, piece by piece', () => {
    const space = new TestAddressSpace({ frames: 600, slots: 1024 });
    const region = space.map(512, { order: 9 });
    for (let page = 0; page < 512; page += 1) {
      space.begin('write', region, page, wordPage(page + 1));
      space.rt.run(10_000);
    }
    assert.equal(space.pageout(region), 512);
    space.writeback();
    assert.equal(space.read(region, 511), 512);
    assert.equal(present(space.mm.stats.orders[9]).swpin, 1);
    for (const page of [0, 31, 32, 255, 510]) assert.equal(space.read(region, page), page + 1);
  });

  it('fails for the page that the device cannot read, and for no other', () => {
    const { space, region } = swappedOut(4, 2);
    space.writeback();
    const { device } = space;
    assert.ok(device !== undefined);
    device.readErrors = 256;
    assert.equal(space.readError(region, 0), EIO);
    device.readErrors = 0;
    assert.equal(space.mm.frames.usedPages, 0);
    space.verify(region);
  });
});
