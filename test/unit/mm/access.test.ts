import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Access } from '../../../src/mm/access.ts';
import { unpinFolio } from '../../../src/mm/folio-life.ts';
import { EIO, ESHUTDOWN } from '../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { TestAddressSpace, wordOf, wordPage } from '../../support/address-space.ts';

describe('an access', () => {
  it('reads zeros where nothing was written, and takes no frame for it', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    assert.equal(space.read(region, 2), 0);
    assert.equal(space.mm.frames.usedPages, 0);
    assert.equal(space.mm.stats.events.pgfault, 0);
  });

  it('moves bytes across the borders of pages, wherever those are', () => {
    const space = new TestAddressSpace();
    const region = space.map(5);
    space.write(region, 1, 3);
    space.pageout(region);
    const source = new Uint8Array(2 * PAGE_SIZE + 7).map((_, i) => (i * 7 + 1) & 255);
    const access = new Access(space.mm);
    access.begin('write', region, PAGE_SIZE + 4090, source.length, source);
    space.settle();
    assert.equal(access.done, source.length);
    space.pageout(region);
    const target = new Uint8Array(source.length);
    access.begin('read', region, PAGE_SIZE + 4090, target.length, target);
    space.settle();
    assert.deepEqual(target, source);
    const before = new Uint8Array(4090);
    access.begin('read', region, PAGE_SIZE, before.length, before);
    space.settle();
    assert.ok(before.every((byte, i) => byte === (i % 4 === 0 ? 3 : 0)));
  });

  it('serves at once what is in memory or in the pool, when it must not wait', () => {
    const space = new TestAddressSpace();
    const region = space.map(2);
    space.fill(region);
    space.pageout(region);
    assert.deepEqual(space.places(region), ['entry', 'entry']);
    const bytes = new Uint8Array(PAGE_SIZE);
    assert.equal(space.begin('read', region, 1, bytes, { nowait: true }).result, 'done');
    assert.equal(wordOf(bytes), 2);
    assert.equal(space.place(region, 1), 'present');
  });

  it('is blocked by a page on the device when it must not wait, and changes nothing', () => {
    const space = new TestAddressSpace();
    const region = space.map(2);
    space.fill(region);
    space.pageout(region);
    space.writeback();
    const used = space.mm.frames.usedPages;
    for (const op of ['read', 'write', 'pin', 'touch'] as const) {
      const begun = space.begin(op, region, 0, wordPage(9), { nowait: true });
      assert.equal(begun.result, 'blocked', op);
    }
    space.check();
    assert.ok(space.rt.idle);
    assert.equal(space.mm.frames.usedPages, used);
    space.verify(region);
  });

  it('reads from the pool without a frame when it must not wait and no frame is free', () => {
    const space = new TestAddressSpace({ frames: 2 });
    const region = space.map(4);
    space.fill(region);
    const pins = [2, 3].map((page) => space.pin(region, page));
    assert.equal(space.place(region, 0), 'entry');
    const bytes = new Uint8Array(PAGE_SIZE);
    assert.equal(space.begin('read', region, 0, bytes, { nowait: true }).result, 'done');
    assert.equal(wordOf(bytes), 1);
    assert.equal(space.place(region, 0), 'entry');
    space.settle();
    for (const pfn of pins) unpinFolio(space.mm, space.mm.folios.head(pfn));
    space.verify(region);
  });

  it('is blocked by a page that cannot be decompressed, and fails when it may wait', () => {
    const space = new TestAddressSpace({ frames: 2 });
    const region = space.map(1);
    space.fill(region);
    space.pageout(region);
    corrupt(space, region);
    assert.notEqual(space.begin('read', region, 0, undefined, { nowait: true }).result, 'done');
    assert.notEqual(space.readError(region, 0), 0);
  });

  it('says how much it has moved before a page that cannot be read', () => {
    const space = new TestAddressSpace();
    const region = space.map(3);
    space.fill(region);
    space.pageout(region, 1, 2);
    space.writeback();
    assert.ok(space.device !== undefined);
    space.device.readErrors = 256;
    const bytes = new Uint8Array(3 * PAGE_SIZE);
    const access = new Access(space.mm);
    let ended = '';
    access.onEnd = (_, result) => void (ended = result);
    access.begin('read', region, 0, bytes.length, bytes);
    space.settle();
    assert.equal(ended, 'failed');
    assert.equal(access.error, EIO);
    assert.equal(access.done, PAGE_SIZE);
  });

  it('keeps a pinned page in its frame, whatever happens', () => {
    const space = new TestAddressSpace({ frames: 4 });
    const region = space.map(16);
    const pfn = space.pin(region, 3, true);
    space.mm.frames.view(pfn).set(wordPage(77));
    for (let page = 4; page < 16; page += 1) space.write(region, page, page);
    space.pageout(region);
    assert.equal(space.pfn(region, 3), pfn);
    assert.equal(wordOf(space.mm.frames.view(pfn)), 77);
    unpinFolio(space.mm, pfn);
    space.pageout(region);
    assert.notEqual(space.place(region, 3), 'present');
    assert.equal(space.read(region, 3), 77);
  });

  it('fails in a region that is unmapped', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    region.mapped = false;
    const begun = space.begin('write', region, 0);
    assert.equal(begun.result, 'failed');
    assert.equal(begun.access.error, ESHUTDOWN);
    assert.equal(space.mm.frames.usedPages, 0);
  });
});

/** Makes the entry of page 0 one that no compressor has made. */
function corrupt(space: TestAddressSpace, region: Parameters<TestAddressSpace['slot']>[0]): void {
  const index = space.swap.table.payload(space.slot(region, 0));
  const pool = space.zswap.pools.get(space.zswap.entries.pool(index as never));
  pool.zpool.write(index, new Uint8Array(space.zswap.entries.lengthOf(index as never)).fill(0xee));
}
