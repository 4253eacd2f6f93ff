import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { TestAddressSpace, wordPage } from '../../../support/address-space.ts';

describe('swap-in', () => {
  it('lets others map and change the page before it maps it itself', () => {
    const space = new TestAddressSpace();
    const region = space.map(1);
    space.write(region, 0, 7);
    space.pageout(region);
    const first = space.begin('read', region, 0);
    space.runTo('mm.swap-in.loaded');
    const second = space.begin('write', region, 0, wordPage(8));
    assert.equal(second.result, 'done');
    space.settle();
    assert.equal(first.result, 'done');
    assert.equal(space.read(region, 0), 8);
  });
});
