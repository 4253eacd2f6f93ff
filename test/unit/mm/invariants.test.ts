/** Method: something is broken by hand; the check that is there for it must say so. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import {
  cleanFoliosHaveCopies,
  foliosAreOnTheirLists,
  framesAreCharged,
  mapcountsEqualMappings,
  MM_INVARIANTS,
  noReferencedSlotIsLost,
  slotCountsEqualReferences,
  writablePagesAreExclusive,
} from '../../../src/mm/invariants.ts';
import { PTE_NONE, presentPte } from '../../../src/mm/page-table.ts';
import type { Region } from '../../../src/mm/region.ts';
import { copyRegion } from '../../../src/mm/copy.ts';
import { TestAddressSpace } from '../../support/address-space.ts';

/** Page 0 is in memory, page 1 in the pool. */
function twoPages(): { space: TestAddressSpace; region: Region } {
  const space = new TestAddressSpace();
  const region = space.map(2);
  space.fill(region);
  space.pageout(region, 1, 2);
  for (const invariant of MM_INVARIANTS) assert.equal(invariant(space.mm), undefined);
  return { space, region };
}

describe('the invariants', () => {
  it('miss a mapping that is not counted', () => {
    const { space, region } = twoPages();
    space.mm.folios.addMap(space.pfn(region, 0));
    assert.match(mapcountsEqualMappings(space.mm) ?? '', /mapped 1 times/);
  });

  it('miss a reference to a slot', () => {
    const { space, region } = twoPages();
    space.mm.areas.dup(space.slot(region, 1));
    assert.match(slotCountsEqualReferences(space.mm) ?? '', /1 references/);
  });

  it('miss what backs a slot', () => {
    const { space, region } = twoPages();
    space.swap.free(space.slot(region, 1));
    assert.match(noReferencedSlotIsLost(space.mm) ?? '', /page 1 of region is lost/);
  });

  it('miss the copy of a clean folio', () => {
    const { space, region } = twoPages();
    space.mm.folios.setDirty(space.pfn(region, 0), false);
    assert.match(cleanFoliosHaveCopies(space.mm) ?? '', /clean without a copy/);
  });

  it('miss a charge', () => {
    const { space } = twoPages();
    space.memcgs.root.unchargeFrames(1);
    assert.match(framesAreCharged(space.mm) ?? '', /is charged 0 for 1/);
  });

  it('miss a folio that is on no list', () => {
    const { space, region } = twoPages();
    const pfn = space.pfn(region, 0);
    space.mm.folios.setLru(pfn, false);
    assert.match(foliosAreOnTheirLists(space.mm) ?? '', /flags/);
    region.table.set(0, PTE_NONE);
  });

  it('see who may write to what others share, as a page or as a slot', () => {
    const { space, region } = twoPages();
    copyRegion(space.mm, region, 'copy', space.memcgs.root);
    const pfn = space.pfn(region, 0);
    region.table.set(0, presentPte(pfn, true));
    assert.match(writablePagesAreExclusive(space.mm) ?? '', /page 0 of region is shared/);
    region.table.set(0, presentPte(pfn, false));
    space.read(region, 1);
    region.table.set(1, presentPte(space.pfn(region, 1), true));
    assert.match(writablePagesAreExclusive(space.mm) ?? '', /page 1 of region is shared/);
  });
});
