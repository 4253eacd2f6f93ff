/** Goal: the counters and what is offered, against numbers worked out by hand, and their bounds. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MemcgTree, type Memcg } from '../../../src/memcg/memcg.ts';
import {
  noteDeviceRead,
  noteListed,
  noteLoad,
  reachesProtected,
  takeOffered,
} from '../../../src/memcg/shrinker-policy.ts';

function groupOf(counters: Partial<Pick<Memcg, 'zswapProtected' | 'diskSwapins'>>): Memcg {
  return Object.assign(new MemcgTree().create('group'), counters);
}

describe('protection', () => {
  it('is halved by an entry that finds it above a quarter of the list', () => {
    const after = (before: number, listed: number): number => {
      const memcg = groupOf({ zswapProtected: before });
      noteListed(memcg, listed);
      return memcg.zswapProtected;
    };
    assert.equal(after(29, 100), 15, '30 of 100');
    assert.equal(after(29, 200), 30, '30 of 200');
    assert.equal(after(24, 100), 25, 'a quarter is not above a quarter');
    assert.equal(after(24, 99), 12, 'a quarter of 99 is 24; half of 25 is 12');
    assert.equal(after(99, 100), 50, 'once, not until it is below');
    assert.equal(after(0, 1), 0);
    assert.equal(after(0, 4), 1);
  });

  it('grows by every page that is read back, whether from the pool or from the device', () => {
    const memcg = groupOf({});
    noteLoad(memcg);
    noteDeviceRead(memcg);
    assert.deepEqual([memcg.zswapProtected, memcg.diskSwapins], [2, 1]);
  });

  it('comes to between an eighth and a quarter of a list that only grows', () => {
    const memcg = groupOf({});
    for (let listed = 1; listed <= 1000; listed += 1) {
      noteListed(memcg, listed);
      assert.ok(memcg.zswapProtected <= listed / 4, `${memcg.zswapProtected} of ${listed}`);
      assert.ok(memcg.zswapProtected >= Math.floor(listed / 8), `${memcg.zswapProtected}`);
    }
  });

  it('is never negative and falls to at most a quarter with stores alone, from anything', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('store', 'load', 'read'), { maxLength: 400 }),
        fc.integer({ min: 1, max: 500 }),
        (events, listed) => {
          const memcg = groupOf({});
          for (const event of events) {
            const before = memcg.zswapProtected;
            if (event === 'store') noteListed(memcg, listed);
            else if (event === 'load') noteLoad(memcg);
            else noteDeviceRead(memcg);
            assert.ok(memcg.zswapProtected <= before + 1 && memcg.zswapProtected >= 0);
            const offered = takeOffered(memcg, 'protected', listed);
            assert.ok(offered >= 0 && offered + memcg.zswapProtected >= listed);
          }
          for (let i = 0; i < 10; i += 1) noteListed(memcg, listed);
          assert.ok(memcg.zswapProtected <= Math.max(1, listed / 4));
        },
      ),
    );
  });
});

describe('what is offered', () => {
  it('is what is not protected', () => {
    const offered = (before: number): number =>
      takeOffered(groupOf({ zswapProtected: before, diskSwapins: 50 }), 'protected', 100);
    assert.deepEqual([0, 15, 100, 130].map(offered), [100, 85, 0, 0]);
  });

  it('does not use the protection up, nor the reads from the device', () => {
    const memcg = groupOf({ zswapProtected: 15, diskSwapins: 50 });
    takeOffered(memcg, 'protected', 100);
    assert.deepEqual([memcg.zswapProtected, memcg.diskSwapins], [15, 50]);
  });

  it('is less by the reads from the device, once, with second chances', () => {
    const memcg = groupOf({ zswapProtected: 15, diskSwapins: 130 });
    assert.equal(takeOffered(memcg, 'second_chance', 100), 0);
    assert.equal(memcg.diskSwapins, 30);
    assert.equal(takeOffered(memcg, 'second_chance', 100), 70);
    assert.equal(takeOffered(memcg, 'second_chance', 100), 100);
    assert.equal(memcg.zswapProtected, 15);
  });
});

describe('reachesProtected', () => {
  it('says so of a scan that leaves no more than is protected', () => {
    const memcg = groupOf({ zswapProtected: 20 });
    assert.equal(reachesProtected(memcg, 100, 79), false);
    assert.equal(reachesProtected(memcg, 100, 80), true);
    assert.equal(reachesProtected(memcg, 100, 100), true);
  });

  it('lets a scan through that asks for more than there is, as the kernel does', () => {
    assert.equal(reachesProtected(groupOf({ zswapProtected: 20 }), 100, 101), false);
  });
});
