import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { ENOMEM, OK } from '../../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { TestAddressSpace, wordPage } from '../../../support/address-space.ts';

describe('reclaim', () => {
  it('keeps frames free in the background, so that nobody has to reclaim any', () => {
    const space = new TestAddressSpace({ frames: 256, slots: 2048 });
    const region = space.map(1024);
    for (let page = 0; page < 1024; page += 1) {
      space.write(region, page, page + 1);
      assert.ok(space.mm.frames.freePages >= space.mm.reclaim.lowWatermark);
    }
    const { pgsteal_kswapd, pgsteal_direct, pgscan_kswapd } = space.mm.stats.events;
    assert.equal(pgsteal_direct, 0);
    assert.ok(pgsteal_kswapd >= 1024 - 256);
    assert.ok(pgscan_kswapd >= pgsteal_kswapd);
  });

  it('finds pages to free in a large group of which all were used', () => {
    const space = new TestAddressSpace({ frames: 20_000, slots: 20_000 });
    const group = space.memcgs.create('tenant');
    group.setMemoryMax(16_000 * PAGE_SIZE);
    const region = space.map(16_001, { group });
    for (let page = 0; page < region.pageCount; page += 1) {
      const begun = space.begin('write', region, page, wordPage(page + 1));
      space.rt.run(100_000);
      assert.equal(begun.access.error, OK, `page ${page}`);
    }
    space.check();
  });

  it('does not let kswapd look at everything again and again for nothing', () => {
    const space = new TestAddressSpace({ frames: 128, slots: 0 });
    const region = space.map(200);
    for (let page = 0; page < 200; page += 1) {
      space.begin('write', region, page, wordPage(page + 1));
      space.settle();
    }
    const { pgscan_kswapd } = space.mm.stats.events;
    for (let page = 0; page < 100; page += 1) {
      space.discard(region, page, page + 1);
      space.write(region, page, 1);
    }
    assert.equal(space.mm.stats.events.pgscan_kswapd, pgscan_kswapd);
  });

  it('lets nobody look at all of a large memory where nothing can be stored any more', () => {
    const frames = 4096;
    const space = new TestAddressSpace({ frames, slots: 8192, devicePages: 0, poolPages: 0 });
    const region = space.map(frames + 200);
    const write = (page: number): number => {
      const begun = space.begin('write', region, page, wordPage(page + 1));
      space.rt.run(100_000);
      return begun.access.error;
    };
    for (let page = 0; page < frames; page += 1) assert.equal(write(page), OK);
    // All were used: what looks at them first only takes note of it.
    for (let i = 0; i < 20; i += 1) assert.equal(write(frames + i), ENOMEM);
    const { events } = space.mm.stats;
    const before = { ...events };
    for (let i = 0; i < 100; i += 1) assert.equal(write(frames + i), ENOMEM);
    const scanned = events.pgscan_direct - before.pgscan_direct;
    assert.ok(scanned / 100 <= 1024, `${scanned / 100} pages were looked at for each fault`);
    assert.equal(events.pgscan_kswapd, before.pgscan_kswapd);
    // What is freed is found at once, and kswapd is there again when there is room.
    space.discard(region, 0, 1);
    assert.equal(write(frames), OK);
    space.params.poolBytes = 2 ** 30;
    for (let i = 1; i < 200; i += 1) assert.equal(write(frames + i), OK);
    assert.ok(events.pgsteal_kswapd > 0);
    space.check();
  });
});
