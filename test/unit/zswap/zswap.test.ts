import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MemcgTree } from '../../../src/memcg/memcg.ts';
import { SimRt } from '../../../src/sim/engine/rt-sim.ts';
import { present } from '../../../src/std/assert.ts';
import { Swap, type SwapArea } from '../../../src/swap/info.ts';
import { createZpool } from '../../../src/zpool/open.ts';
import type { HandleCells, Zpool } from '../../../src/zpool/zpool.ts';
import { ZswapParams } from '../../../src/zswap/params.ts';
import { createAccountMemory, PoolAccount } from '../../../src/zpool/pool-account.ts';
import { Zswap, type ZswapOptions } from '../../../src/zswap/zswap.ts';
import { TestMachine } from '../../support/machine.ts';
import { wordPage } from '../../support/chosen-pages.ts';
import { load, store } from '../../support/stores.ts';
import { createWordCodec } from '../../support/word-codec.ts';

/** zswap with pools that hold as many pages as the test says. */
function withTotals(
  totalRamPages: number,
  totals: number[],
  sharing: Pick<ZswapOptions, 'account' | 'onShrink'> = {},
): Zswap {
  const rt = new SimRt(1);
  const params = new ZswapParams(totalRamPages);
  const zswap = new Zswap({
    rt,
    swap: new Swap(rt, undefined),
    memcgs: new MemcgTree(),
    params,
    ...sharing,
  });
  for (const key of totals.keys()) {
    zswap.setCurrentPool(createWordCodec(key), 'fake', (): Zpool => {
      return {
        name: 'fake',
        metadataBytes: 0,
        malloc: () => 12,
        free: () => {},
        write: () => {},
        read: () => {},
        compact: () => 0,
        get totalPages(): number {
          return totals[key] ?? 0;
        },
      };
    });
    // An entry's reference, so that the pool stays when it is retired.
    const pool = zswap.pools.current;
    if (pool !== undefined) pool.references += 1;
  }
  return zswap;
}

describe('checkLimits', () => {
  it('is full from the limit on until it is at the accept threshold again', () => {
    const totals = [199];
    const zswap = withTotals(1000, totals);
    const at = (pages: number): [boolean, number] => {
      totals[0] = pages;
      return [zswap.checkLimits(), zswap.stats.pool_limit_hit];
    };
    assert.deepEqual(at(199), [false, 0]);
    assert.deepEqual(at(200), [true, 1]);
    assert.deepEqual(at(181), [true, 1]);
    assert.equal(zswap.reachedFull, true);
    assert.deepEqual(at(180), [false, 1]);
    assert.equal(zswap.reachedFull, false);
    assert.deepEqual(at(199), [false, 1]);
    assert.deepEqual(at(250), [true, 2]);
    assert.deepEqual(at(200), [true, 3]);
  });

  it('rounds the limit down', () => {
    const totals = [199];
    const zswap = withTotals(1003, totals);
    assert.equal(zswap.checkLimits(), false);
    totals[0] = 200;
    assert.equal(zswap.checkLimits(), true);
  });

  it('counts the pages of those who share the limit, and is full for all of them', () => {
    const memory = createAccountMemory(2);
    const account = new PoolAccount(memory, 0);
    const other = new PoolAccount(memory, 1);
    const totals = [120];
    const zswap = withTotals(1000, totals, { account });
    const there = withTotals(1000, [], { account: other });
    assert.equal(zswap.checkLimits(), false);
    other.setPages(80);
    assert.deepEqual([zswap.totalPages(), zswap.checkLimits()], [200, true]);
    // It was found full here, and is full there.
    account.setPages(119);
    assert.equal(there.totalPages(), 119);
    assert.equal(there.reachedFull, true);
    other.setPages(70);
    totals[0] = 110;
    assert.equal(zswap.checkLimits(), false);
    assert.equal(there.reachedFull, false);
  });

  it('has no hysteresis with a threshold of 100', () => {
    const totals = [200];
    const zswap = withTotals(1000, totals);
    zswap.params.acceptThresholdPercent = 100;
    assert.equal(zswap.checkLimits(), true);
    totals[0] = 199;
    assert.equal(zswap.checkLimits(), false);
  });

  it('is always full with a limit of 0', () => {
    const zswap = withTotals(1000, [0]);
    zswap.params.maxPoolPercent = 0;
    assert.equal(zswap.checkLimits(), true);
    assert.equal(zswap.checkLimits(), true);
    zswap.params.maxPoolPercent = 20;
    assert.equal(zswap.checkLimits(), false);
  });

  it('trips at the next check when the limit is lowered below what is held', () => {
    const zswap = withTotals(1000, [100]);
    assert.equal(zswap.checkLimits(), false);
    zswap.params.maxPoolPercent = 5;
    assert.equal(zswap.reachedFull, false);
    assert.equal(zswap.checkLimits(), true);
  });

  it('counts the pages of retired pools', () => {
    const zswap = withTotals(1000, [150, 49]);
    assert.equal(zswap.poolTotalSize, 199 * 4096);
    assert.equal(zswap.checkLimits(), false);
    const retired = withTotals(1000, [150, 50]);
    assert.equal(retired.checkLimits(), true);
  });
});

describe('the current pool', () => {
  const setUp = (): { machine: TestMachine; switchTo: (key: number) => void } => {
    const machine = new TestMachine({ codec: createWordCodec(0) });
    const create = (cells: HandleCells): Zpool => createZpool('zsmalloc', machine.arena, cells);
    const switchTo = (key: number): void => {
      machine.zswap.setCurrentPool(createWordCodec(key), 'zsmalloc', create);
    };
    return { machine, switchTo };
  };

  it('can be switched; older entries are read with the compressor that made them', () => {
    const { machine, switchTo } = setUp();
    const { disk, memcg } = machine.export('vm', 8);
    const slots = [0, 1, 2].map((page) => disk.area.slot(page));
    for (const [key, slot] of slots.entries()) {
      switchTo(key);
      assert.equal(store(machine, slot, memcg, wordPage(key + 10)), 'stored');
    }
    assert.equal([...machine.zswap.pools.pools()].length, 3);
    for (const [key, slot] of slots.entries()) {
      assert.deepEqual(load(machine, slot), wordPage(key + 10));
    }
  });

  it('leaves a retired pool in place until its last entry goes', () => {
    const { machine, switchTo } = setUp();
    const { disk, memcg } = machine.export('vm', 8);
    const [a, b] = [disk.area.slot(0), disk.area.slot(1)];
    store(machine, a, memcg, wordPage(1));
    store(machine, b, memcg, wordPage(2));
    const retired = present(machine.zswap.pools.current);
    switchTo(1);
    store(machine, a, memcg, wordPage(3));
    assert.equal([...machine.zswap.pools.pools()].includes(retired), true);
    machine.swap.free(b);
    machine.check();
    assert.equal([...machine.zswap.pools.pools()].includes(retired), false);
    assert.deepEqual(load(machine, a), wordPage(3));
  });

  it('goes at once when it is replaced and nobody needs it', () => {
    const { machine, switchTo } = setUp();
    for (let key = 1; key < 300; key += 1) switchTo(key);
    assert.equal([...machine.zswap.pools.pools()].length, 1);
  });

  it('can be another one for a group, until that is cleared', () => {
    const { machine } = setUp();
    const create = (cells: HandleCells): Zpool => createZpool('zbud', machine.arena, cells);
    const own = machine.export('own', 4);
    const other = machine.export('other', 4);
    const slot = own.disk.area.slot(0);
    machine.zswap.setGroupPool(own.memcg, createWordCodec(7), 'zbud', create);
    machine.zswap.setGroupPool(own.memcg, createWordCodec(7), 'zbud', create);
    store(machine, slot, own.memcg, wordPage(1));
    store(machine, other.disk.area.slot(0), other.memcg, wordPage(1));
    const poolOf = (area: SwapArea): string => {
      const index = machine.swap.table.payload(area.slot(0));
      return machine.zswap.pools.get(machine.zswap.entries.pool(index)).codec.spec;
    };
    assert.equal(poolOf(own.disk.area), 'word:7');
    assert.equal(poolOf(other.disk.area), 'word:0');
    machine.zswap.setGroupPool(own.memcg, createWordCodec(8), 'zbud', create);
    assert.equal([...machine.zswap.pools.pools()].length, 3);
    machine.zswap.clearGroupPool(own.memcg);
    machine.zswap.clearGroupPool(own.memcg);
    assert.equal([...machine.zswap.pools.pools()].length, 2);
    assert.deepEqual(load(machine, slot), wordPage(1));
    store(machine, slot, own.memcg, wordPage(2));
    assert.equal(poolOf(own.disk.area), 'word:0');
    assert.equal([...machine.zswap.pools.pools()].length, 1);
  });
});

describe('assertDrained', () => {
  it('holds only when nothing is stored', () => {
    const machine = new TestMachine({ codec: createWordCodec() });
    const { disk, memcg } = machine.export('vm', 1);
    machine.zswap.assertDrained();
    store(machine, disk.area.slot(0), memcg, wordPage(1));
    assert.throws(() => machine.zswap.assertDrained(), { name: 'InvariantError' });
    machine.swap.free(disk.area.slot(0));
    machine.zswap.assertDrained();
  });

  it('does not forget the bytes of tables in the sum of metadata', () => {
    const machine = new TestMachine({ codec: createWordCodec() });
    const { disk, memcg } = machine.export('vm', 1);
    const before = machine.zswap.metadataBytes;
    store(machine, disk.area.slot(0), memcg, wordPage(1));
    assert.ok(machine.zswap.metadataBytes >= before + machine.zswap.entries.metadataBytes);
  });
});
