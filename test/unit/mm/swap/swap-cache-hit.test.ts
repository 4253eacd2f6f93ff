import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../../src/mm/copy.ts';
import { mapCachedPage } from '../../../../src/mm/swap/swap-cache-hit.ts';
import type { Pfn } from '../../../../src/page/frames.ts';
import { TestAddressSpace } from '../../../support/address-space.ts';

describe('a hit in the swap cache', () => {
  it('maps the folio for each who shares the slot, which goes with the last', () => {
    const space = new TestAddressSpace();
    const { mm } = space;
    const region = space.map(1);
    space.fill(region);
    space.pageout(region);
    const copy = copyRegion(mm, region, 'copy', space.memcgs.root);
    const slot = space.slot(copy, 0);
    assert.equal(space.read(region, 0), 1);
    const pfn = mm.swapCache.get(slot) as Pfn;
    assert.equal(pfn, space.pfn(region, 0));
    assert.equal(mm.folios.dirty(pfn), true);
    const { pgmajfault } = mm.stats.events;
    assert.equal(space.read(copy, 0), 1);
    assert.equal(space.pfn(copy, 0), pfn);
    assert.equal(mm.stats.events.pgmajfault, pgmajfault);
    assert.equal(mm.swapCache.get(slot), 0);
    assert.equal(mm.areas.usedSlots, 0);
  });

  it('keeps the slots of a folio that is on its way out', () => {
    const space = new TestAddressSpace();
    const { mm } = space;
    const region = space.map(1);
    space.fill(region);
    space.startPageout(region);
    space.runTo('mm.swap-out.unmapped');
    const slot = space.slot(region, 0);
    const pfn = mm.swapCache.get(slot) as Pfn;
    mm.folios.setReadahead(pfn, true);
    mm.folios.setDirty(pfn, true);
    mapCachedPage(mm, region, 0, pfn);
    assert.equal(mm.folios.readahead(pfn), false);
    assert.equal(mm.swapCache.get(slot), pfn);
    space.settle();
    assert.equal(space.pfn(region, 0), pfn);
    assert.equal(mm.areas.usedSlots, 0);
  });
});
