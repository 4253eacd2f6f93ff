import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyRegion } from '../../../src/mm/copy.ts';
import { TestAddressSpace } from '../../support/address-space.ts';

describe('Mm', () => {
  it('forgets a family with its last region and folio, and uses the number again', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    assert.equal(space.mm.family(region.family.id), region.family);
    space.unmap(region);
    assert.deepEqual([...space.mm.regions()], [copy]);
    space.unmap(copy);
    assert.equal(space.map(1).family.id, region.family.id);
  });

  it('keeps a family while a pinned page names it', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    const pfn = space.pin(region, 0);
    space.unmap(region);
    assert.notEqual(space.map(1).family.id, region.family.id);
    space.mm.folios.unpin(pfn);
  });

  it('forgets no region of which something is mapped', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    space.fill(region);
    assert.throws(() => space.mm.forget(region));
    region.mapped = false;
    assert.throws(() => space.mm.forget(region));
  });

  it('gives a group’s pages to its parent when the group goes', () => {
    const space = new TestAddressSpace();
    const parent = space.memcgs.create('parent');
    const group = space.memcgs.create('child', parent);
    const region = space.map(4, { group });
    space.fill(region);
    space.pageout(region, 0, 2);
    space.memcgs.offline(group);
    assert.equal(space.mm.payer(region), parent);
    assert.equal(space.mm.groupOf(space.pfn(region, 3)), parent);
    assert.equal(space.mm.lru.inactivePages(parent.id) + space.mm.lru.activePages(parent.id), 2);
    space.check();
    space.verify(region);
    space.unmap(region);
    assert.equal(parent.memoryCurrent, 0);
    space.memcgs.offline(parent);
    assert.deepEqual([...space.memcgs.groups()], [space.memcgs.root]);
  });

  it('reclaims down to a lower limit of frames, in the background', () => {
    const space = new TestAddressSpace({ frames: 64 });
    const region = space.map(60);
    space.fill(region);
    space.mm.setFramePages(20);
    space.settle();
    assert.ok(space.mm.frames.usedPages <= 20);
    space.verify(region);
    assert.ok(space.mm.frames.usedPages <= 20);
    space.mm.setFramePages(64);
    space.verify(region);
    assert.throws(() => space.mm.setFramePages(-1), RangeError);
  });

  it('tells the memory that its tables take', () => {
    const space = new TestAddressSpace();
    const before = space.mm.metadataBytes;
    const region = space.map(10_000);
    space.fill(region, 1, 3);
    assert.ok(space.mm.metadataBytes >= before + 4096);
  });
});
