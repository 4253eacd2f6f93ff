import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Reclaimer } from '../../../../src/mm/reclaim/reclaimer.ts';
import type { Region } from '../../../../src/mm/region.ts';
import { unpinFolio } from '../../../../src/mm/folio-life.ts';
import type { Memcg } from '../../../../src/memcg/memcg.ts';
import { FAILING_BYTE } from '../../../../src/sim/world/word-codec.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { TestAddressSpace, wordPage } from '../../../support/address-space.ts';

/** Reclaims about so many pages, and returns how many it has. */
function reclaim(space: TestAddressSpace, goal: number, target: Memcg = space.memcgs.root): number {
  const reclaimer = new Reclaimer(space.mm, false);
  reclaimer.begin(target, goal);
  space.settle();
  assert.equal(reclaimer.underWay, false);
  return reclaimer.freedFrames;
}

/** Reclaims about so many pages, and returns how many it has freed and looked at. */
function scan(space: TestAddressSpace, goal: number): { freed: number; scanned: number } {
  const reclaimer = new Reclaimer(space.mm, false);
  reclaimer.begin(space.memcgs.root, goal);
  space.settle();
  assert.equal(reclaimer.underWay, false);
  return { freed: reclaimer.freed, scanned: reclaimer.scanned };
}

/** Begins to write a page of one word, and lets it end without a check of everything. */
function begin(space: TestAddressSpace, region: Region, page: number, word: number): void {
  const begun = space.begin('write', region, page, wordPage(word));
  space.rt.run(10_000);
  assert.equal(begun.result, 'done');
}

/** Writes a word to each page, as {@link begin}. */
function fillQuickly(space: TestAddressSpace, region: Region): void {
  for (let page = 0; page < region.pageCount; page += 1) begin(space, region, page, page + 1);
}

/** Pages that are in memory. */
function presentPages(space: TestAddressSpace, region: Region): number[] {
  const places = space.places(region);
  return places.flatMap((place, page) => (place === 'present' ? page : []));
}

describe('a run of reclaim', () => {
  it('takes the pages that were not used for the longest time', () => {
    const space = new TestAddressSpace();
    const region = space.map(16);
    space.fill(region);
    assert.equal(reclaim(space, 4), 4);
    assert.equal(presentPages(space, region).length, 12);
    // Those used since it last looked stay, the others go.
    const hot = presentPages(space, region).filter((page) => page % 3 === 0);
    for (const page of hot) space.read(region, page);
    reclaim(space, 12 - hot.length);
    assert.deepEqual(presentPages(space, region), hot);
  });

  it('reclaims a group at its limit, and no other', () => {
    const space = new TestAddressSpace();
    const groups = [space.memcgs.create('a'), space.memcgs.create('b')] as const;
    const regions = groups.map((group) => space.map(16, { group }));
    for (const region of regions) space.fill(region);
    groups[0].setMemoryMax(8 * PAGE_SIZE);
    space.read(regions[0] as Region, 0);
    space.pageout(regions[0] as Region, 0, 1);
    space.read(regions[0] as Region, 0);
    assert.ok(groups[0].memoryCurrent <= 8 * PAGE_SIZE);
    assert.equal(groups[1].framePages, 16);
    assert.deepEqual([...new Set(space.places(regions[1] as Region))], ['present']);
  });

  it('reclaims the descendants of a group, too', () => {
    const space = new TestAddressSpace();
    const parent = space.memcgs.create('parent');
    const groups = ['a', 'b'].map((name) => space.memcgs.create(name, parent));
    const regions = groups.map((group) => space.map(8, { group }));
    for (const region of regions) space.fill(region);
    assert.equal(reclaim(space, 10, parent), 10);
    assert.ok(groups.every((group) => group.framePages < 8));
  });

  it('does not always begin with the same group', () => {
    const space = new TestAddressSpace();
    const groups = ['a', 'b', 'c', 'd'].map((name) => space.memcgs.create(name));
    const regions = groups.map((group) => space.map(12, { group }));
    for (const region of regions) space.fill(region);
    const reclaimer = new Reclaimer(space.mm, false);
    for (let i = 0; i < 10; i += 1) {
      reclaimer.begin(space.memcgs.root, 2);
      space.settle();
    }
    const left = groups.map((group) => group.framePages);
    assert.ok(
      left.every((pages) => pages < 12),
      `${left.join(' ')} pages are left`,
    );
  });

  it('frees nothing where everything is pinned, and ends', () => {
    const space = new TestAddressSpace();
    const region = space.map(4);
    const pins = [0, 1, 2, 3].map((page) => space.pin(region, page, true));
    assert.equal(reclaim(space, 4), 0);
    for (const pfn of pins) unpinFolio(space.mm, pfn);
    assert.ok(reclaim(space, 4) >= 3);
  });

  it('goes on with what a group’s parent has when the group goes meanwhile', () => {
    const space = new TestAddressSpace();
    const group = space.memcgs.create('tenant');
    const region = space.map(8, { group });
    space.fill(region);
    const reclaimer = new Reclaimer(space.mm, false);
    space.rt.marks.clear();
    reclaimer.begin(group, 8);
    space.runTo('mm.swap-out.unmapped');
    space.memcgs.offline(group);
    space.settle();
    assert.equal(reclaimer.underWay, false);
    space.verify(region);
  });

  it('looks at few of many pages where nothing can be stored any more', () => {
    const space = new TestAddressSpace({ frames: 1024, slots: 4096, devicePages: 0, poolPages: 0 });
    fillQuickly(space, space.map(1000));
    assert.equal(scan(space, 32).freed, 0);
    const { scanned } = scan(space, 32);
    assert.ok(scanned > 0 && scanned <= 64, `${scanned} pages were looked at`);
  });

  it('looks at few of many pages where no slot is left for any', () => {
    const space = new TestAddressSpace({ frames: 1024, slots: 0 });
    fillQuickly(space, space.map(1000));
    assert.equal(scan(space, 32).freed, 0);
    const { scanned } = scan(space, 32);
    assert.ok(scanned > 0 && scanned <= 64, `${scanned} pages were looked at`);
  });

  it('gives up soon where the device is full', () => {
    const space = new TestAddressSpace({ frames: 2048, slots: 4096, devicePages: 8, poolPages: 0 });
    fillQuickly(space, space.map(2000));
    const { freed } = scan(space, 1000);
    assert.ok(freed > 0 && freed <= 8, `${freed} pages on a device of 8`);
    const { scanned } = scan(space, 1000);
    assert.ok(scanned < 500, `${scanned} pages were looked at`);
  });

  it('goes on past any number of pages that are refused for what is in them', () => {
    const space = new TestAddressSpace({ frames: 512 });
    const group = space.memcgs.create('tenant');
    group.setWriteback(false);
    const region = space.map(400, { group });
    const fails = FAILING_BYTE * 0x0101_0101;
    for (let page = 0; page < 400; page += 1) begin(space, region, page, page < 300 ? fails : 4);
    assert.equal(scan(space, 50).freed, 50);
    assert.deepEqual([...new Set(space.places(region).slice(300, 350))], ['entry']);
  });

  it('leaves a group early that can store nothing, and goes on with the others', () => {
    const space = new TestAddressSpace({ frames: 1024, slots: 4096 });
    const groups = [space.memcgs.create('full'), space.memcgs.create('other')] as const;
    groups[0].setZswapMax(0);
    groups[0].setWriteback(false);
    const regions = groups.map((group) => space.map(400, { group }));
    for (const region of regions) fillQuickly(space, region);
    // All were used: this only takes note of it.
    scan(space, 1);
    const { freed, scanned } = scan(space, 400);
    assert.equal(groups[0].framePages, 400);
    assert.ok(freed >= 399);
    const ofFull = scanned - freed;
    assert.ok(ofFull < 300, `${ofFull} pages of the full group were looked at`);
  });
});
