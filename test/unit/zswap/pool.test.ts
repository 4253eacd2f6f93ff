import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { SimRt } from '../../../src/sim/engine/rt-sim.ts';
import { present } from '../../../src/std/assert.ts';
import { Arena } from '../../../src/zpool/arena.ts';
import { createZpool } from '../../../src/zpool/open.ts';
import type { Zpool } from '../../../src/zpool/zpool.ts';
import { EntryTable, POOL_COUNT_MAX } from '../../../src/zswap/entry.ts';
import { LANES_MAX, PoolList, ZswapPool } from '../../../src/zswap/pool.ts';
import { createWordCodec } from '../../support/word-codec.ts';

const zpool = (): Zpool => createZpool('zsmalloc', new Arena(), new EntryTable());

describe('ZswapPool', () => {
  it('makes up to LANES_MAX lanes to compress with, and one to load with', () => {
    const pool = new ZswapPool(0, createWordCodec(), zpool(), new SimRt(1));
    const task = { resume: (): void => {} };
    const lanes = Array.from({ length: LANES_MAX }, () => present(pool.lanes.take(task)));
    assert.equal(new Set([...lanes, pool.loadLane]).size, LANES_MAX + 1);
    assert.equal(pool.lanes.take(task), undefined);
  });
});

describe('PoolList', () => {
  it('lets a retired pool live until its last reference is gone', () => {
    const pools = new PoolList(new SimRt(1));
    const first = pools.find(createWordCodec(1), 'zsmalloc', zpool);
    pools.setCurrent(first);
    first.references += 2;
    const second = pools.find(createWordCodec(2), 'zsmalloc', zpool);
    pools.setCurrent(second);
    assert.equal(pools.current, second);
    assert.deepEqual([...pools.pools()], [first, second]);
    pools.put(first);
    assert.equal(pools.get(first.id), first);
    pools.put(first);
    assert.deepEqual([...pools.pools()], [second]);
    assert.throws(() => pools.get(first.id), { name: 'InvariantError' });
    assert.throws(() => pools.put(first), { name: 'InvariantError' });
  });

  it('brings a retired pool of the same compressor and allocator back into use', () => {
    const pools = new PoolList(new SimRt(1));
    const first = pools.find(createWordCodec(1), 'zsmalloc', zpool);
    pools.setCurrent(first);
    first.references += 1;
    pools.setCurrent(pools.find(createWordCodec(2), 'zsmalloc', zpool));
    assert.equal(
      pools.find(createWordCodec(1), 'zsmalloc', () => assert.fail()),
      first,
    );
    const zbud = pools.find(createWordCodec(1), 'zbud', zpool);
    assert.notEqual(zbud, first);
    pools.setCurrent(first);
    assert.equal(pools.current, first);
    assert.equal(first.references, 2);
  });

  it('keeps a pool that is chosen again while it is current', () => {
    const pools = new PoolList(new SimRt(1));
    const pool = pools.find(createWordCodec(), 'zsmalloc', zpool);
    pools.setCurrent(pool);
    pools.setCurrent(pool);
    assert.equal(pool.references, 1);
    assert.throws(() => pools.put(pool), { name: 'InvariantError' });
  });

  it('has as many pools as an entry can name, and reuses the number of one that went', () => {
    const pools = new PoolList(new SimRt(1));
    const all = Array.from({ length: POOL_COUNT_MAX }, (_, key) => {
      const pool = pools.find(createWordCodec(key), 'zsmalloc', zpool);
      pool.references += 1;
      return pool;
    });
    assert.throws(() => pools.find(createWordCodec(99), 'zsmalloc', zpool), RangeError);
    pools.put(present(all[3]));
    assert.equal(pools.find(createWordCodec(99), 'zsmalloc', zpool).id, 3);
  });
});
