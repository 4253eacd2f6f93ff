import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { removeFromLru } from '../../../../src/mm/folio-life.ts';
import { keepUsed, shrinkActive } from '../../../../src/mm/reclaim/aging.ts';
import { Reclaimer } from '../../../../src/mm/reclaim/reclaimer.ts';
import { TestAddressSpace } from '../../../support/address-space.ts';

/** Reclaims about so many pages. */
function reclaim(space: TestAddressSpace, goal: number): void {
  const reclaimer = new Reclaimer(space.mm, false);
  reclaimer.begin(space.memcgs.root, goal);
  space.settle();
}

describe('aging', () => {
  it('gives a used folio a second chance, and makes it active when it is used again', () => {
    const space = new TestAddressSpace();
    const { mm } = space;
    const region = space.map(1);
    space.write(region, 0, 1);
    const pfn = space.pfn(region, 0);
    const found: boolean[][] = [];
    for (const isUsed of [true, true, true, false]) {
      if (isUsed) space.read(region, 0);
      else mm.folios.setAccessed(pfn, false);
      removeFromLru(mm, pfn);
      found.push([keepUsed(mm, pfn), mm.folios.lru(pfn), mm.folios.active(pfn)]);
    }
    assert.deepEqual(found.slice(0, 3), [
      [true, true, false],
      [true, true, true],
      [true, true, false],
    ]);
    assert.deepEqual(found[3]?.slice(0, 2), [false, false]);
    assert.equal(mm.stats.events.pgactivate, 1);
    assert.equal(mm.folios.referenced(pfn), false);
  });

  it('makes the oldest active folios inactive, as part of the working set', () => {
    const space = new TestAddressSpace();
    const { mm } = space;
    const region = space.map(4);
    space.fill(region);
    const pfns = [0, 1, 2, 3].map((page) => space.pfn(region, page));
    for (const pfn of pfns) {
      mm.folios.setAccessed(pfn, true);
      mm.folios.setReferenced(pfn, true);
      removeFromLru(mm, pfn);
      keepUsed(mm, pfn);
    }
    shrinkActive(mm, space.memcgs.root.id, 3);
    assert.deepEqual(
      pfns.map((pfn) => mm.folios.active(pfn)),
      [false, false, false, true],
    );
    assert.deepEqual(
      pfns.map((pfn) => mm.folios.workingset(pfn)),
      [true, true, true, false],
    );
    assert.equal(mm.stats.events.pgdeactivate, 3);
    shrinkActive(mm, space.memcgs.root.id, 9);
    assert.equal(mm.lru.activePages(space.memcgs.root.id), 0);
  });

  it('makes pages active that are used twice, and keeps those longest', () => {
    const space = new TestAddressSpace({ frames: 32 });
    const region = space.map(96);
    const hotPages = [0, 1, 2, 3, 4, 5, 6, 7];
    space.fill(region, 1, 8);
    let majorFaults = NaN;
    for (let page = 8; page < 96; page += 1) {
      space.write(region, page, page + 1);
      for (const hot of hotPages) space.read(region, hot);
      if (page === 64) majorFaults = space.mm.stats.events.pgmajfault;
    }
    assert.ok(space.mm.stats.events.pgactivate >= 8);
    assert.ok(hotPages.every((page) => space.place(region, page) === 'present'));
    assert.equal(space.mm.stats.events.pgmajfault, majorFaults);
  });

  it('lets a page start active that comes back soon after it went', () => {
    const space = new TestAddressSpace({ frames: 64 });
    const region = space.map(32);
    space.fill(region);
    // What is used whenever reclaim looks is active.
    for (let times = 0; times < 4; times += 1) {
      space.verify(region);
      reclaim(space, 1);
    }
    space.read(region, 0);
    const { refaults, activates } = space.mm.workingset;
    space.pageout(region, 0, 1);
    space.read(region, 0);
    assert.equal(space.mm.workingset.refaults, refaults + 1);
    assert.equal(space.mm.workingset.activates, activates + 1);
    assert.equal(space.mm.folios.active(space.pfn(region, 0)), true);
  });
});
