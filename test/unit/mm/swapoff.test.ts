import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../src/mm/copy.ts';
import { unpinFolio } from '../../../src/mm/folio-life.ts';
import { SwapOff } from '../../../src/mm/swapoff.ts';
import { present } from '../../../src/std/assert.ts';
import { EBUSY, EIO, ENOMEM, OK } from '../../../src/std/errno.ts';
import { TestAddressSpace, wordPage } from '../../support/address-space.ts';

describe('swapoff', () => {
  for (const swapinMode of ['cache', 'direct'] as const) {
    it(`brings everything back, wherever it is (${swapinMode})`, () => {
      const space = new TestAddressSpace({ swapinMode });
      const region = space.map(16, { order: 2 });
      const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
      space.fill(region);
      space.pageout(region, 0, 4);
      space.writeback();
      space.pageout(region, 4, 8);
      const shared = copyRegion(space.mm, region, 'shared', space.memcgs.root);
      space.verify(region, 1, 2);
      assert.equal(space.swapoff(present(space.area)), OK);
      assert.deepEqual(space.mm.areas.all, []);
      assert.deepEqual(space.swap.areas, []);
      assert.equal(space.swap.table.usedSlots, 0);
      for (const each of [region, shared]) {
        assert.deepEqual([...new Set(space.places(each))], ['present']);
        space.verify(each);
      }
      assert.equal(space.read(copy, 0), 0);
    });
  }

  it('moves to another area what does not fit in frames', () => {
    const space = new TestAddressSpace({ frames: 8 });
    const region = space.map(40);
    space.fill(region);
    const other = space.addArea('other', 64);
    assert.equal(space.swapoff(present(space.area)), OK);
    assert.ok(space.mm.areas.of(other).usedSlots >= 32);
    space.verify(region);
  });

  it('gives up where there is no room, and the area stays in use', () => {
    const space = new TestAddressSpace({ frames: 8 });
    const region = space.map(40);
    space.fill(region);
    assert.equal(space.swapoff(present(space.area)), ENOMEM);
    space.verify(region);
    space.fill(region, 50);
    space.verify(region, 50);
  });

  it('gives up at a page that cannot be read', () => {
    const space = new TestAddressSpace();
    const region = space.map(4);
    space.fill(region);
    space.pageout(region);
    space.writeback();
    assert.ok(space.device !== undefined);
    space.device.readErrors = 256;
    assert.equal(space.swapoff(present(space.area)), EIO);
    space.device.readErrors = 0;
    space.verify(region);
    space.pageout(region);
    assert.equal(space.swapoff(present(space.area)), OK);
    space.verify(region);
  });

  it('waits for the owner of a slot, however long that takes', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    space.fill(region);
    space.pageout(region);
    const slot = space.slot(region, 0);
    const owner = { resume: (): void => {} };
    assert.ok(space.swap.cache.tryLock(slot, owner));
    space.discard(region);
    const swapoff = new SwapOff(space.mm);
    let ended = false;
    swapoff.onEnd = () => void (ended = true);
    swapoff.begin(present(space.area));
    space.rt.run(10_000);
    assert.equal(ended, false);
    space.swap.cache.unlock(slot, owner);
    space.settle();
    assert.equal(ended, true);
    assert.equal(swapoff.error, OK);
  });

  it('takes its slots from pinned pages, which stay where they are', () => {
    const space = new TestAddressSpace();
    const region = space.map(2);
    space.fill(region);
    space.pageout(region);
    space.writeback();
    const pfn = space.pin(region, 0);
    assert.equal(space.swapoff(present(space.area)), OK);
    assert.deepEqual(space.mm.frames.view(pfn), wordPage(1));
    assert.equal(space.pfn(region, 0), pfn);
    unpinFolio(space.mm, pfn);
    space.verify(region);
  });

  it('ends when told to, with what has come back so far', () => {
    const space = new TestAddressSpace();
    const region = space.map(32);
    space.fill(region);
    space.pageout(region);
    space.writeback();
    const swapoff = new SwapOff(space.mm);
    swapoff.begin(present(space.area));
    for (let i = 0; i < 20; i += 1) space.rt.step();
    swapoff.aborted = true;
    space.settle();
    assert.equal(swapoff.error, EBUSY);
    assert.ok(space.mm.areas.usedSlots > 0);
    space.verify(region);
  });

  it('lets everybody go on meanwhile', () => {
    for (let seed = 1; seed < 20; seed += 1) {
      const space = new TestAddressSpace({ seed, frames: 8 });
      space.addArea('other', 128, -1);
      const region = space.map(24, { order: 2 });
      space.fill(region);
      const swapoff = new SwapOff(space.mm);
      swapoff.begin(present(space.area));
      const writes = Array.from({ length: 24 }, (_, page) => {
        return space.begin('write', region, page, wordPage(100 + page));
      });
      space.settle();
      assert.ok(writes.every(({ result }) => result === 'done'));
      assert.equal(swapoff.error, OK);
      space.verify(region, 100);
    }
  });
});
