import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PrefixViews } from '../../../src/std/prefix-views.ts';

describe('PrefixViews', () => {
  it('gives one view per length, over the same memory', () => {
    const views = new PrefixViews(new Uint8Array(8));
    const three = views.of(3);
    assert.equal(three.length, 3);
    assert.equal(views.of(3), three);
    views.bytes[2] = 9;
    assert.equal(three[2], 9);
    assert.equal(views.of(0).length, 0);
    assert.equal(views.of(8).length, 8);
  });

  it('refuses a length outside the window', () => {
    const views = new PrefixViews(new Uint8Array(8));
    for (const length of [-1, 9]) {
      assert.throws(() => views.of(length), { name: 'InvariantError' });
    }
  });

  it('gives views of multiples of its step only', () => {
    const views = new PrefixViews(new Uint8Array(24), 8);
    assert.equal(views.of(16).length, 16);
    assert.equal(views.of(16), views.of(16));
    assert.equal(views.of(24).length, 24);
    for (const length of [-8, 12, 32]) {
      assert.throws(() => views.of(length), { name: 'InvariantError' });
    }
  });
});
