import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { FrameClaim } from '../../../../src/mm/reclaim/frame-claim.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { TestAddressSpace, wordPage } from '../../../support/address-space.ts';

const TASK = { nextWaiter: undefined, resume: (): void => {} };

describe('a claim for frames', () => {
  it('has what is free at once', () => {
    const space = new TestAddressSpace({ frames: 4 });
    const claim = new FrameClaim(space.mm, TASK);
    claim.begin(false);
    assert.notEqual(claim.allocate(2), 0);
    assert.equal(claim.charge(space.memcgs.root, 4), 'ok');
    assert.equal(claim.allocate(0), 0);
    assert.equal(claim.underWay, false);
  });

  it('gives up at once where a group may never have so many pages', () => {
    const space = new TestAddressSpace();
    const group = space.memcgs.create('tenant');
    group.setMemoryMax(2 * PAGE_SIZE);
    const claim = new FrameClaim(space.mm, TASK);
    claim.begin(false);
    assert.equal(claim.charge(group, 4), 'none');
    assert.equal(claim.charge(group, 2), 'ok');
    assert.equal(group.framePages, 2);
  });

  it('does not give up while pages of others are on their way to a slow device', () => {
    for (let seed = 1; seed < 12; seed += 1) {
      const space = new TestAddressSpace({ seed, frames: 8 });
      space.params.enabled = false;
      const region = space.map(24, { order: 2 });
      space.fill(region);
      const writes = Array.from({ length: 24 }, (_, page) => {
        return space.begin('write', region, page, wordPage(100 + page));
      });
      space.settle();
      assert.ok(writes.every(({ result }) => result === 'done'));
      space.verify(region, 100);
    }
  });

  it('leaves nothing behind where it must not wait', () => {
    const space = new TestAddressSpace({ frames: 8 });
    space.params.enabled = false;
    const region = space.map(24);
    space.fill(region);
    for (let page = 0; page < 24; page += 1) {
      space.begin('write', region, page, wordPage(7), { nowait: true });
      space.begin('read', region, page, undefined, { nowait: true });
    }
    space.settle();
    assert.equal(space.mm.reclaim.running, 0);
    space.unmap(region);
    space.assertDrained();
  });
});
