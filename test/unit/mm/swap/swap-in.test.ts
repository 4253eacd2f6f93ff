/**
 * Goal: what swap-in brings in, from every mixture of places, in both modes, and what it leaves
 * behind. Names in brackets are those of the assertions in the specification of the races; the
 * explorer takes those that are about interleavings through all of them.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { present } from '../../../../src/std/assert.ts';
import { EBADMSG } from '../../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { copyRegion } from '../../../../src/mm/copy.ts';
import type { Region } from '../../../../src/mm/region.ts';
import {
  TestAddressSpace,
  wordPage,
  type AddressSpaceOptions,
} from '../../../support/address-space.ts';

const BOTH = ['cache', 'direct'] as const;

/** A word whose page is compressed to 1216 bytes. */
const LONG = 4;

/** Pages that are in the pool, as one folio of that order where it is not 0. */
function swappedOut(
  options: AddressSpaceOptions,
  pages: number,
  order = 0,
): { space: TestAddressSpace; region: Region } {
  const space = new TestAddressSpace(options);
  const region = space.map(pages, { order });
  space.fill(region);
  space.pageout(region);
  return { space, region };
}

describe('swap-in of a single page', () => {
  it('leaves the entry until the page is mapped, in the direct mode (T000-a)', () => {
    const { space, region } = swappedOut({ swapinMode: 'direct' }, 1);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    space.discard(copy);
    const first = space.begin('read', region, 0);
    space.runTo('mm.swap-in.loaded');
    assert.equal(space.zswap.stats.stored_pages, 1);
    // The page is not wanted there any more, and is again: the first load is thrown away.
    const keep = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    space.discard(region);
    assert.equal(first.result, 'done');
    assert.equal(space.zswap.stats.stored_pages, 1);
    assert.equal(space.read(keep, 0), 1);
    assert.equal(space.swap.vmstat.pswpin, 0);
  });

  it('frees the entry once, with the slot, in the direct mode (T000-b)', () => {
    const { space, region } = swappedOut({ swapinMode: 'direct' }, 1);
    assert.equal(space.read(region, 0), 1);
    assert.equal(space.zswap.stats.stored_pages, 0);
    assert.equal(space.swap.vmstat.zswpin, 1);
    assert.equal(space.mm.areas.usedSlots, 0);
    space.unmap(region);
    space.assertDrained();
  });

  it('takes the entry over, dirty, in the cache mode (T000-d)', () => {
    const { space, region } = swappedOut({}, 1);
    space.begin('read', region, 0);
    space.runTo('mm.swap-in.loaded');
    const pfn = space.mm.swapCache.get(space.slot(region, 0));
    assert.equal(space.zswap.stats.stored_pages, 0);
    assert.equal(space.mm.folios.dirty(pfn as never), true);
    space.settle();
    // Dropped under pressure, it has to be stored again.
    space.pageout(region);
    assert.equal(space.place(region, 0), 'entry');
    assert.equal(space.read(region, 0), 1);
  });

  it('gives the same in both modes (T000-e)', () => {
    const results = BOTH.map((swapinMode) => {
      const space = new TestAddressSpace({ swapinMode, frames: 6, poolPages: 2 });
      const region = space.map(24);
      space.fill(region);
      const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
      for (let page = 0; page < 24; page += 3) space.write(copy, page, 900 + page);
      return [region, copy].map((each) => {
        return Array.from({ length: 24 }, (_, page) => space.read(each, page));
      });
    });
    assert.deepEqual(results[0], results[1]);
  });

  it('keeps the copy on the device while the page is clean, and uses it again', () => {
    const { space, region } = swappedOut({}, 1);
    space.writeback();
    assert.equal(space.read(region, 0), 1);
    const { pswpout } = space.swap.vmstat;
    space.pageout(region);
    assert.equal(space.place(region, 0), 'device');
    assert.equal(space.swap.vmstat.pswpout, pswpout);
    space.write(region, 0, 2);
    assert.equal(space.mm.areas.usedSlots, 0);
    assert.equal(space.read(region, 0), 2);
  });

  it('fails as often as it is tried where the entry is corrupt, and loses no other page', () => {
    const { space, region } = swappedOut({}, 2);
    corrupt(space, region, 0);
    for (let times = 1; times <= 2; times += 1) {
      assert.equal(space.readError(region, 0), EBADMSG);
      assert.equal(space.zswap.stats.decompress_fail, times);
    }
    assert.equal(space.read(region, 1), 2);
    space.discard(region);
    space.assertDrained();
  });

  it('lets others map and change the page before it maps it itself', () => {
    const { space, region } = swappedOut({}, 1);
    const first = space.begin('read', region, 0);
    space.runTo('mm.swap-in.loaded');
    const second = space.begin('write', region, 0, wordPage(8));
    assert.equal(second.result, 'done');
    space.settle();
    assert.equal(first.result, 'done');
    assert.equal(space.read(region, 0), 8);
  });

  it('lets other readers of a page wait for it, and serves them (T002-d)', () => {
    for (const swapinMode of BOTH) {
      const { space, region } = swappedOut({ swapinMode }, 1);
      space.writeback();
      const reads = Array.from({ length: 5 }, () => space.begin('read', region, 0));
      space.settle();
      assert.ok(reads.every(({ result }) => result === 'done'));
      assert.equal(space.swap.vmstat.pswpin, 1);
      assert.equal(space.mm.frames.usedPages, 1);
    }
  });

  it('passes its own slot over when its group makes room by writeback (T002-a)', () => {
    for (const swapinMode of BOTH) {
      const space = new TestAddressSpace({ swapinMode });
      const group = space.memcgs.create('tenant');
      const region = space.map(8, { group });
      for (let page = 0; page < 8; page += 1) space.write(region, page, LONG);
      space.pageout(region);
      // Its entries and a frame are more than it may have; the oldest entry is that of page 0.
      assert.equal(space.zswap.lru.oldest(group.id), payload(space, region, 0));
      group.setMemoryMax(2 * PAGE_SIZE);
      const before = space.zswap.stats.reject_reclaim_fail;
      assert.equal(space.read(region, 0), LONG);
      assert.ok(space.zswap.stats.reject_reclaim_fail > before);
      assert.equal(space.place(region, 0), 'present');
      assert.ok(group.memoryCurrent <= 2 * PAGE_SIZE);
      for (let page = 1; page < 8; page += 1) assert.equal(space.read(region, page), LONG);
    }
  });

  it('does not deadlock where two tasks bring in each other’s oldest entry (T002-b)', () => {
    for (let seed = 1; seed < 30; seed += 1) {
      const space = new TestAddressSpace({ seed });
      const groups = [space.memcgs.create('a'), space.memcgs.create('b')];
      const regions = groups.map((group) => space.map(8, { group }));
      for (const region of regions) {
        for (let page = 0; page < 8; page += 1) space.write(region, page, LONG + 5 * page);
        space.pageout(region);
      }
      for (const group of groups) group.setMemoryMax(3 * PAGE_SIZE);
      const reads = [0, 1].flatMap((page) =>
        regions.map((each) => space.begin('read', each, page)),
      );
      space.settle();
      assert.ok(reads.every(({ result }) => result === 'done'));
      for (const region of regions) {
        for (let page = 0; page < 8; page += 1) {
          assert.equal(space.read(region, page), LONG + 5 * page);
        }
      }
    }
  });

  it('takes copies back where slots are few, and keeps them where they are not', () => {
    const { space, region } = swappedOut({ slots: 8 }, 6);
    space.writeback();
    assert.equal(space.read(region, 0), 1);
    assert.equal(space.mm.areas.usedSlots, 5);
    space.discard(region, 3, 6);
    assert.equal(space.read(region, 1), 2);
    assert.equal(space.mm.areas.usedSlots, 2);
  });
});

describe('swap-in of a large folio', () => {
  it('is one load where all pages are in the pool, and keeps the entries (T003-a)', () => {
    for (const order of [1, 2, 4]) {
      const pages = 2 ** order;
      const { space, region } = swappedOut({}, pages, order);
      assert.equal(space.read(region, 1), 2);
      assert.equal(present(space.mm.stats.orders[order]).zswpin, 1);
      assert.equal(space.swap.vmstat.zswpin, pages);
      assert.equal(space.mm.stats.events.pgmajfault, 1);
      assert.equal(space.zswap.stats.stored_pages, pages);
      space.verify(region);
      // Unchanged, it goes out without being compressed again.
      const { zswpout } = space.swap.vmstat;
      assert.equal(space.pageout(region), pages);
      assert.equal(space.swap.vmstat.zswpout, zswpout);
      space.verify(region);
    }
  });

  it('drops the entries at the first write, all of them', () => {
    const { space, region } = swappedOut({}, 4, 2);
    assert.equal(space.read(region, 0), 1);
    assert.equal(space.zswap.stats.stored_pages, 4);
    space.write(region, 3, 9);
    assert.equal(space.zswap.stats.stored_pages, 0);
    assert.equal(space.mm.areas.usedSlots, 0);
    space.pageout(region);
    assert.deepEqual(
      [0, 1, 2, 3].map((page) => space.read(region, page)),
      [1, 2, 3, 9],
    );
  });

  it('frees the entries in the direct mode', () => {
    const { space, region } = swappedOut({ swapinMode: 'direct' }, 4, 2);
    space.verify(region);
    assert.equal(present(space.mm.stats.orders[2]).zswpin, 1);
    assert.equal(space.zswap.stats.stored_pages, 0);
    assert.equal(space.mm.areas.usedSlots, 0);
  });

  it('takes single pages when told to, as kernels do with zswap', () => {
    const { space, region } = swappedOut({ largeSwapin: 'never-with-zswap' }, 4, 2);
    assert.equal(space.read(region, 1), 2);
    assert.equal(space.mm.frames.usedPages, 1);
    space.verify(region);
  });

  it('has no page of it that cannot be decompressed in anybody’s memory (T003-f)', () => {
    for (const swapinMode of BOTH) {
      for (const bad of [0, 1, 2, 3]) {
        const { space, region } = swappedOut({ swapinMode }, 4, 2);
        corrupt(space, region, bad);
        const other = (bad + 1) % 4;
        assert.equal(space.read(region, other), other + 1);
        assert.equal(space.zswap.stats.decompress_fail, 1);
        assert.equal(present(space.mm.stats.orders[2]).swpin_fallback, 1);
        assert.equal(space.mm.frames.usedPages, 1);
        assert.equal(space.readError(region, bad), EBADMSG);
        for (let page = 0; page < 4; page += 1) {
          if (page !== bad) assert.equal(space.read(region, page), page + 1);
        }
      }
    }
  });

  it('charges who brings it in, whoever has paid for its entries (T003-h)', () => {
    const space = new TestAddressSpace();
    const groups = [space.memcgs.create('a'), space.memcgs.create('b')];
    const region = space.map(2, { group: present(groups[0]), order: 1 });
    space.fill(region);
    const copy = copyRegion(space.mm, region, 'copy', present(groups[1]));
    space.pageout(region);
    assert.equal(groups[0]?.zswappedPages, 2);
    space.discard(region);
    space.verify(copy);
    assert.equal(groups[0]?.framePages, 0);
    assert.equal(groups[1]?.framePages, 2);
  });

  it('lets others run between the pages of a large folio, on its way in', () => {
    /** Steps of a read of 64 pages, each look at the clock taking so long. */
    const steps = (msPerLook: number): number => {
      const space = new TestAddressSpace({ frames: 256 });
      const large = space.map(64, { order: 6 });
      space.fill(large);
      space.pageout(large);
      space.rt.msPerLook = msPerLook;
      const before = space.rt.steps;
      const begun = space.begin('read', large, 9);
      space.settle();
      assert.equal(begun.result, 'done');
      assert.equal(space.mm.stats.orders[6]?.zswpin, 1);
      const taken = space.rt.steps - before;
      space.verify(large);
      return taken;
    };
    const more = steps(1) - steps(0);
    assert.ok(more >= 32, `${more} slices more`);
  });

  it('takes a large folio in one go for who must not wait', () => {
    const space = new TestAddressSpace({ frames: 256 });
    const large = space.map(64, { order: 6 });
    space.fill(large);
    space.pageout(large);
    space.rt.msPerLook = 1;
    const begun = space.begin('read', large, 9, undefined, { nowait: true });
    assert.equal(begun.result, 'done');
    assert.equal(space.mm.stats.orders[6]?.zswpin, 1);
  });
});

/** Where a page of a range may be when the range is faulted on. */
const PLACES = ['none', 'present', 'cached', 'zero', 'entry', 'device'] as const;
type Place = (typeof PLACES)[number];

/** Brings page `page` of word `page + 1`, which is in the pool, to a place. */
function move(space: TestAddressSpace, region: Region, page: number, place: Place): void {
  if (place === 'none') space.discard(region, page, page + 1);
  if (place === 'present') assert.equal(space.read(region, page), page + 1);
  if (place === 'device') writeBack(space, region, page);
  if (place === 'cached') {
    // The other region maps what the first has in the swap cache for it.
    writeBack(space, region, page);
    const other = copyRegion(space.mm, region, 'other', space.memcgs.root);
    assert.equal(space.read(other, page), page + 1);
    space.discard(other, 0, page);
    space.discard(other, page + 1, other.pageCount);
  }
}

/** Has the entry of one page written back, and no other. */
function writeBack(space: TestAddressSpace, region: Region, page: number): void {
  const index = payload(space, region, page);
  const others = Array.from({ length: region.pageCount }, (_, other) => other);
  const held = others.filter((other) => other !== page && space.place(region, other) === 'entry');
  const holder = { resume: (): void => {} };
  for (const other of held) space.swap.cache.tryLock(space.slot(region, other), holder);
  for (let i = 0; i < 9 && space.place(region, page) === 'entry'; i += 1) space.writeback();
  for (const other of held) space.swap.cache.unlock(space.slot(region, other), holder);
  assert.notEqual(index, 0);
  assert.equal(space.place(region, page), 'device');
}

describe('swap-in of a range whose pages are in several places', () => {
  for (const swapinMode of BOTH) {
    it(`serves all patterns of four pages (T003-c, T003-e, ${swapinMode})`, () => {
      const space = new TestAddressSpace({ swapinMode, slots: 64 });
      for (let pattern = 0; pattern < PLACES.length ** 4; pattern += 1) {
        const places = [0, 1, 2, 3].map((page) => {
          return present(PLACES[Math.floor(pattern / PLACES.length ** page) % PLACES.length]);
        });
        checkPattern(space, places);
      }
    });
  }
});

function checkPattern(space: TestAddressSpace, places: readonly Place[]): void {
  const { mm } = space;
  const message = places.join(' ');
  const region = space.map(4, { order: 2 });
  space.fill(region);
  for (const [page, place] of places.entries()) if (place === 'zero') space.write(region, page, 0);
  space.pageout(region);
  mm.largeSwapin = 'never-with-zswap';
  for (const [page, place] of places.entries()) move(space, region, page, place);
  mm.largeSwapin = 'mixed';
  assert.deepEqual(space.places(region), places, message);
  const before = { ...present(mm.stats.orders[2]) };
  for (const page of [1, 0, 3, 2]) {
    const isZero = places[page] === 'zero' || places[page] === 'none';
    assert.equal(space.read(region, page), isZero ? 0 : page + 1, `${message}: page ${page}`);
  }
  const { swpin, zswpin, swpin_fallback } = present(mm.stats.orders[2]);
  if (places.every((place) => ['zero', 'entry', 'device'].includes(place))) {
    // All of them came as one folio, in whatever mixture.
    const hasDevice = places.includes('device');
    const hasEntry = places.includes('entry');
    assert.equal(swpin - before.swpin, hasDevice ? 1 : 0, message);
    assert.equal(zswpin - before.zswpin, hasEntry && !hasDevice ? 1 : 0, message);
    assert.equal(mm.frames.usedPages, 4, message);
  }
  assert.equal(swpin_fallback, before.swpin_fallback, message);
  for (const each of region.family.regions.slice()) space.unmap(each);
  space.assertDrained();
}

function payload(space: TestAddressSpace, region: Region, page: number): number {
  return space.swap.table.payload(space.slot(region, page));
}

/** Makes the entry of a page one that no compressor has made. */
function corrupt(space: TestAddressSpace, region: Region, page: number): void {
  const index = payload(space, region, page) as never;
  const pool = space.zswap.pools.get(space.zswap.entries.pool(index));
  pool.zpool.write(index, new Uint8Array(space.zswap.entries.lengthOf(index)).fill(0xee));
}
