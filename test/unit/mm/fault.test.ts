import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../src/mm/copy.ts';
import { unpinFolio } from '../../../src/mm/folio-life.ts';
import { ENOMEM } from '../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { present } from '../../../src/std/assert.ts';
import { TestAddressSpace, wordPage } from '../../support/address-space.ts';

describe('a fault', () => {
  it('gives a page that is touched first a zeroed frame, charged to the region’s group', () => {
    const space = new TestAddressSpace();
    const group = space.memcgs.create('tenant');
    const region = space.map(4, { group });
    const pfn = space.pin(region, 1);
    assert.ok(space.mm.frames.view(pfn).every((byte) => byte === 0));
    assert.equal(group.framePages, 1);
    unpinFolio(space.mm, pfn);
    space.unmap(region);
    assert.equal(group.framePages, 0);
    space.assertDrained();
  });

  it('takes smaller folios where frames are too few, and counts that', () => {
    const space = new TestAddressSpace({ frames: 6 });
    const region = space.map(8, { order: 3 });
    space.write(region, 0, 5);
    assert.equal(present(space.mm.stats.orders[3]).anon_fault_fallback, 1);
    assert.ok(space.mm.frames.usedPages <= 4);
    space.fill(region);
    space.verify(region);
  });

  it('takes single pages where a group may have no large folio, without reclaim', () => {
    const space = new TestAddressSpace();
    const group = space.memcgs.create('tenant');
    group.setMemoryMax(4 * PAGE_SIZE);
    const region = space.map(16, { group, order: 3 });
    space.write(region, 0, 1);
    assert.equal(space.mm.frames.usedPages, 1);
    assert.equal(space.mm.stats.events.pgscan_direct, 0);
  });

  it('fails with ENOMEM when there is nowhere to put another page, and loses nothing', () => {
    const space = new TestAddressSpace({ frames: 4, slots: 5 });
    const region = space.map(12);
    space.fill(region, 1, 9);
    const begun = space.begin('write', region, 9, wordPage(9));
    space.settle();
    assert.equal(begun.result, 'failed');
    assert.equal(begun.access.error, ENOMEM);
    space.discard(region, 8, 9);
    space.verify(region, 1, 8);
  });

  it('tells ENOMEM while every frame is pinned', () => {
    const space = new TestAddressSpace({ frames: 3 });
    const region = space.map(4);
    const pins = [0, 1, 2].map((page) => space.pin(region, page, true));
    const begun = space.begin('write', region, 3);
    space.settle();
    assert.equal(begun.access.error, ENOMEM);
    for (const pfn of pins) unpinFolio(space.mm, pfn);
    space.write(region, 3, 4);
  });

  it('gives who pins a page one of its own, so that later writes are seen through the pin', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    space.fill(region);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    const pfn = space.pin(region, 0);
    space.write(region, 0, 5);
    assert.deepEqual(space.mm.frames.view(pfn), wordPage(5));
    assert.equal(space.read(copy, 0), 1);
    unpinFolio(space.mm, pfn);
  });

  it('lets go of what it holds where only that would make room in its group', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const space = new TestAddressSpace({ seed });
      const group = space.memcgs.create('tenant');
      const region = space.map(3, { group });
      const bytes = Buffer.alloc(PAGE_SIZE);
      // No compressor makes these smaller: each entry counts a page, and all of them are the limit.
      for (let page = 0; page < 3; page += 1) {
        space.begin(
          'write',
          region,
          page,
          bytes.map((_, i) => (i * i + page) % 251),
        );
        space.settle();
      }
      space.pageout(region);
      group.setMemoryMax(3 * PAGE_SIZE);
      const reads = [0, 1, 2].map((page) => space.begin('read', region, page));
      space.settle();
      for (const { result, access } of reads) {
        assert.equal(result, 'done', `seed ${seed}: error ${access.error}`);
      }
    }
  });
});
