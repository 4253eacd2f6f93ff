import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { TestAddressSpace, wordPage } from '../../../support/address-space.ts';

describe('the end of a swap-out', () => {
  it('gives a folio back to who comes for it meanwhile, with what is written then', () => {
    for (const enabled of [true, false]) {
      const space = new TestAddressSpace();
      space.params.enabled = enabled;
      const region = space.map(4, { order: 2 });
      space.fill(region);
      space.startPageout(region);
      space.runTo('mm.swap-out.unmapped');
      assert.equal(space.begin('write', region, 2, wordPage(99)).result, 'done');
      space.settle();
      const words = [0, 1, 2, 3].map((page) => space.read(region, page));
      assert.deepEqual(words, [1, 2, 99, 4]);
      space.pageout(region);
      assert.equal(space.read(region, 2), 99);
    }
  });

  it('frees a folio that is discarded on its way out', () => {
    const space = new TestAddressSpace();
    const region = space.map(4, { order: 2 });
    space.fill(region);
    space.startPageout(region);
    space.runTo('mm.swap-out.unmapped');
    space.discard(region);
    space.settle();
    space.assertDrained();
  });

  it('keeps a folio that can go nowhere, readable and dirty', () => {
    const space = new TestAddressSpace({ devicePages: 0 });
    space.params.enabled = false;
    const region = space.map(4, { order: 2 });
    space.fill(region);
    assert.equal(space.pageout(region), 0);
    space.verify(region);
    space.params.enabled = true;
    assert.equal(space.pageout(region), 4);
    space.verify(region);
  });
});
