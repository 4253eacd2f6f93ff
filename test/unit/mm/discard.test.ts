import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { present } from '../../../src/std/assert.ts';
import { copyRegion } from '../../../src/mm/copy.ts';
import { unpinFolio } from '../../../src/mm/folio-life.ts';
import { TestAddressSpace } from '../../support/address-space.ts';

describe('discard', () => {
  it('makes pages zeros and gives back all they hold, wherever they are', () => {
    const space = new TestAddressSpace();
    const region = space.map(8);
    space.fill(region);
    space.pageout(region, 0, 2);
    space.writeback();
    space.pageout(region, 2, 4);
    space.write(region, 4, 0);
    space.pageout(region, 4, 5);
    assert.deepEqual(space.places(region), [
      'device',
      'device',
      'entry',
      'entry',
      'zero',
      'present',
      'present',
      'present',
    ]);
    space.discard(region);
    for (let page = 0; page < 8; page += 1) assert.equal(space.read(region, page), 0);
    space.assertDrained();
  });

  it('splits a large folio of which a part goes', () => {
    const space = new TestAddressSpace();
    const region = space.map(8, { order: 3 });
    space.fill(region);
    space.discard(region, 3, 6);
    assert.equal(present(space.mm.stats.orders[3]).split, 1);
    assert.equal(space.mm.frames.usedPages, 5);
    assert.deepEqual(
      Array.from({ length: 8 }, (_, page) => space.read(region, page)),
      [1, 2, 3, 0, 0, 0, 7, 8],
    );
  });

  it('keeps the copies of the part of a clean folio that stays', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.fill(region);
    space.pageout(region);
    assert.equal(space.read(region, 0), 1);
    assert.equal(space.zswap.stats.stored_pages, 4);
    space.discard(region, 0, 2);
    assert.equal(space.zswap.stats.stored_pages, 2);
    assert.equal(space.mm.frames.usedPages, 2);
    assert.equal(space.read(region, 3), 4);
  });

  it('gives a part of a pinned folio back when the pin goes', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.fill(region);
    const pfn = space.pin(region, 1);
    space.discard(region, 0, 3);
    assert.equal(space.mm.frames.usedPages, 4);
    assert.equal(space.read(region, 1), 0);
    unpinFolio(space.mm, space.mm.folios.head(pfn));
    assert.equal(space.mm.frames.usedPages, 1);
    assert.equal(space.read(region, 3), 4);
  });

  it('leaves a copy what it shares', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.fill(region);
    const copy = copyRegion(space.mm, region, 'copy', space.memcgs.root);
    space.discard(region, 1, 3);
    space.verify(copy);
    space.pageout(copy);
    space.discard(region);
    space.verify(copy);
  });

  it('waits for nobody: who owns a slot has it freed when giving it up', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    space.fill(region);
    space.pageout(region);
    space.writeback();
    const read = space.begin('read', region, 0);
    space.runTo('mm.swap-in.locked');
    space.discard(region);
    assert.equal(read.result, 'done');
    assert.equal(space.read(region, 0), 0);
    space.assertDrained();
  });
});
