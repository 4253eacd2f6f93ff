import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MemcgTree } from '../../../src/memcg/memcg.ts';
import { SimRt } from '../../../src/sim/engine/rt-sim.ts';
import { DeviceSim } from '../../../src/sim/world/device-sim.ts';
import { present } from '../../../src/std/assert.ts';
import { Backing } from '../../../src/swap/backing.ts';
import { Bio } from '../../../src/swap/device/device.ts';
import { Swap } from '../../../src/swap/info.ts';
import { SLOT_END, type SwapSlot } from '../../../src/swap/table.ts';

const group = new MemcgTree().create('group');

describe('Swap areas', () => {
  it('begin at whole clusters, one after the other, and page 0 is the first slot', () => {
    const swap = new Swap(new SimRt(1), undefined);
    const a = swap.swapon('a', 1, group);
    const b = swap.swapon('b', 513, group);
    const c = swap.swapon('c', 512, group);
    assert.deepEqual([a.firstSlot, b.firstSlot, c.firstSlot], [0, 512, 1536]);
    assert.equal(b.slot(0), 512);
    assert.equal(b.slot(512), 1024);
    assert.throws(() => b.slot(513), { name: 'InvariantError' });
    assert.throws(() => b.slot(-1), { name: 'InvariantError' });
  });

  it('take the first gap that is large enough, and stay in the order of their slots', () => {
    const swap = new Swap(new SimRt(1), undefined);
    const areas = ['a', 'b', 'c', 'd'].map((name) => swap.swapon(name, 1000, group));
    swap.swapoff(present(areas[1]));
    const large = swap.swapon('large', 1025, group);
    const small = swap.swapon('small', 1024, group);
    assert.equal(large.firstSlot, 4096);
    assert.equal(small.firstSlot, 1024);
    swap.swapoff(present(areas[0]));
    assert.equal(swap.swapon('first', 2, group).firstSlot, 0);
    assert.deepEqual(
      swap.areas.map((area) => area.name),
      ['first', 'small', 'c', 'd', 'large'],
    );
  });

  it('are refused when the numbers of slots are used up', () => {
    const swap = new Swap(new SimRt(1), undefined);
    swap.swapon('half', 2 ** 31, group);
    assert.throws(() => swap.swapon('too much', 2 ** 31, group), { code: 'ZSWAP_EXPORT' });
    const rest = swap.swapon('rest', 2 ** 31 - 512, group);
    assert.equal(rest.slot(rest.pageCount - 1), SLOT_END - 1);
    assert.throws(() => swap.swapon('one page', 1, group), { code: 'ZSWAP_EXPORT' });
    assert.equal(swap.areas.length, 2);
  });

  it('are not removed while a slot is used or owned, and not twice', () => {
    const swap = new Swap(new SimRt(1), undefined);
    const area = swap.swapon('a', 600, group);
    const slot = area.slot(599);
    const task = { resume: (): void => {} };
    swap.setZero(slot);
    assert.throws(() => swap.swapoff(area), { name: 'InvariantError' });
    swap.free(slot);
    swap.cache.tryLock(slot, task);
    assert.throws(() => swap.swapoff(area), { name: 'InvariantError' });
    swap.cache.unlock(slot, task);
    swap.swapoff(area);
    assert.deepEqual(swap.areas, []);
    assert.throws(() => swap.swapoff(area), { name: 'InvariantError' });
  });
});

describe('Swap', () => {
  const setUp = (): { swap: Swap; backing: Backing; released: [number, number][] } => {
    const rt = new SimRt(1);
    const backing = new Backing(new DeviceSim(rt, 16), rt);
    const swap = new Swap(rt, backing);
    const released: [number, number][] = [];
    swap.registerSlotFreeHook({
      entryReleased: (slot, entry) => {
        assert.equal(swap.table.kind(slot), 'entry');
        released.push([slot, entry]);
      },
    });
    return { swap, backing, released };
  };
  const slot = 5 as SwapSlot;
  const changes: Record<string, (swap: Swap) => void> = {
    free: (swap) => swap.free(slot),
    zero: (swap) => swap.setZero(slot),
    'another entry': (swap) => swap.setEntry(slot, 43),
    device: (swap) => swap.setDevice(slot, 3),
  };

  for (const [name, change] of Object.entries(changes)) {
    it(`releases the older entry, once, when the slot becomes ${name}`, () => {
      const { swap, released } = setUp();
      swap.setEntry(slot, 42);
      change(swap);
      assert.deepEqual(released, [[slot, 42]]);
    });

    it(`frees the older device page when the slot becomes ${name}`, () => {
      const { swap, backing, released } = setUp();
      const bio = new Bio();
      backing.allocate(bio, 4);
      swap.setDevice(slot, bio.devicePage + 1);
      change(swap);
      assert.equal(backing.usedPages, 3);
      assert.deepEqual(released, []);
    });
  }

  it('releases nothing where zeros or nothing were', () => {
    const { swap, backing, released } = setUp();
    swap.setZero(slot);
    swap.setZero(slot);
    swap.free(slot);
    swap.free(slot);
    assert.deepEqual(released, []);
    assert.equal(backing.usedPages, 0);
    assert.equal(swap.table.usedSlots, 0);
  });

  it('has one hook', () => {
    const { swap } = setUp();
    assert.throws(() => swap.registerSlotFreeHook({ entryReleased: () => {} }), {
      name: 'InvariantError',
    });
  });

  it('says what its tables take', () => {
    const { swap, backing } = setUp();
    assert.equal(swap.metadataBytes, swap.cache.metadataBytes + backing.metadataBytes);
    swap.setZero(slot);
    assert.equal(
      swap.metadataBytes,
      swap.table.metadataBytes + swap.cache.metadataBytes + backing.metadataBytes,
    );
  });
});
