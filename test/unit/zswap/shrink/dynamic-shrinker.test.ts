/** Goal: the count of the kernel's formula, and writeback before the pool is full. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Memcg } from '../../../../src/memcg/memcg.ts';
import type { SwapDisk } from '../../../../src/blk/swap-disk.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { DynamicShrinker } from '../../../../src/zswap/shrink/dynamic-shrinker.ts';
import { Reclaim } from '../../../../src/zswap/shrink/reclaim.ts';
import { wordPage } from '../../../support/chosen-pages.ts';
import { submit } from '../../../support/client.ts';
import { TestMachine } from '../../../support/machine.ts';
import { createWordCodec } from '../../../support/word-codec.ts';

interface World {
  readonly machine: TestMachine;
  readonly disk: SwapDisk;
  readonly memcg: Memcg;
  readonly shrinker: DynamicShrinker;
}

/** 100 pages of 1216 bytes: 29 whole pages of compressed bytes. */
function world(): World {
  const machine = new TestMachine({ codec: createWordCodec(), devicePages: 256 });
  const { disk, memcg } = machine.export('vm', 128);
  for (let page = 0; page < 100; page += 1) {
    submit(disk, 'write', page * PAGE_SIZE, PAGE_SIZE, wordPage(5 * page + 4));
    machine.rt.run(100_000);
  }
  machine.params.shrinkerEnabled = true;
  return { machine, disk, memcg, shrinker: new DynamicShrinker(machine.zswap) };
}

function shrink({ machine, memcg }: World): void {
  machine.zswap.pressureShrinker.createShrink().begin(memcg, 0);
  machine.rt.run(100_000);
}

describe('count', () => {
  it('offers entries in the measure of how badly they compress', () => {
    const { shrinker, memcg } = world();
    assert.equal(shrinker.count(memcg), Math.floor((100 * 29) / 100));
  });

  it('offers fewer by the pages that had to be read from the device, once', () => {
    const { shrinker, memcg } = world();
    memcg.diskSwapins = 30;
    assert.equal(shrinker.count(memcg), Math.floor((70 * 29) / 100));
    assert.equal(memcg.diskSwapins, 0);
    memcg.diskSwapins = 130;
    assert.equal(shrinker.count(memcg), 0);
    assert.equal(memcg.diskSwapins, 30);
  });

  it('offers none when it is off, or the group is not written back', () => {
    const { machine, shrinker, memcg } = world();
    machine.params.shrinkerEnabled = false;
    assert.equal(shrinker.count(memcg), 0);
    machine.params.shrinkerEnabled = true;
    memcg.setWriteback(false);
    assert.equal(shrinker.count(memcg), 0);
  });
});

describe('under pressure', () => {
  it('writes cold entries back while the pool is far from full, and counts reads', () => {
    const all = world();
    const { machine, disk, memcg } = all;
    // The first look takes the second chances.
    for (let i = 0; i < 5; i += 1) shrink(all);
    assert.equal(machine.zswap.stats.pool_limit_hit, 0);
    assert.ok(memcg.events.zswpwb >= 58, `${memcg.events.zswpwb}`);
    assert.equal(memcg.diskSwapins, 0);
    for (let page = 0; page < 100; page += 1) {
      const request = submit(disk, 'read', page * PAGE_SIZE, PAGE_SIZE);
      machine.rt.run(100_000);
      assert.deepEqual(Buffer.from(request.data), Buffer.from(wordPage(5 * page + 4)));
    }
    assert.equal(memcg.diskSwapins, memcg.events.zswpwb);
  });

  it('leaves nothing behind for a group that goes away meanwhile', () => {
    const all = world();
    const { machine, memcg } = all;
    shrink(all);
    machine.zswap.pressureShrinker.createShrink().begin(memcg, 0);
    assert.equal(machine.zswap.shrinker.running, true);
    machine.memcgs.offline(memcg);
    machine.rt.run(100_000);
    assert.deepEqual([...machine.zswap.pressureShrinker.deferringGroups()], []);
    assert.deepEqual([...machine.zswap.shrinker.knownGroups()], []);
  });
});

describe('the policy `protected`', () => {
  /** 100 entries: the one that made the list 97 long found 24, and halved 25; three came after. */
  const PROTECTED_BY_STORES = 15;

  function read(machine: TestMachine, disk: SwapDisk, page: number): void {
    submit(disk, 'read', page * PAGE_SIZE, PAGE_SIZE);
    machine.rt.run(100_000);
  }

  it('offers what stores have not protected', () => {
    const { machine, shrinker, memcg } = world();
    machine.params.shrinkerPolicy = 'protected';
    assert.equal(memcg.zswapProtected, PROTECTED_BY_STORES);
    const offered = 100 - PROTECTED_BY_STORES;
    assert.equal(shrinker.count(memcg), Math.floor((offered * 29) / 100));
    assert.equal(shrinker.count(memcg), Math.floor((offered * 29) / 100));
  });

  it('is raised for the group that owns the page that is read, and for no other', () => {
    const { machine, disk, memcg } = world();
    const sibling = machine.export('sibling', 8);
    submit(sibling.disk, 'write', 0, PAGE_SIZE, wordPage(4));
    machine.rt.run(100_000);
    const { root } = machine.memcgs;
    const others = [sibling.memcg, root];
    const before = others.map(({ zswapProtected }) => zswapProtected);
    const own = memcg.zswapProtected;
    read(machine, disk, 0);
    assert.equal(memcg.zswapProtected, own + 1, 'from the pool');
    new Reclaim(machine.zswap).begin(memcg, 1e9);
    machine.rt.run(100_000);
    assert.equal(machine.swap.table.kind(disk.area.slot(0)), 'device');
    read(machine, disk, 0);
    assert.equal(memcg.zswapProtected, own + 2, 'from the device');
    assert.deepEqual(
      others.map(({ zswapProtected }) => zswapProtected),
      before,
    );
  });

  it('gives no second chances; a page that is read goes to the end of the list', () => {
    const one = world();
    const { machine, disk, memcg } = one;
    machine.params.shrinkerPolicy = 'protected';
    read(machine, disk, 0);
    shrink(one);
    const kind = (page: number): string => machine.swap.table.kind(disk.area.slot(page));
    assert.ok(memcg.events.zswpwb > 0);
    assert.deepEqual([kind(0), kind(1), kind(99)], ['entry', 'device', 'entry']);
    machine.check();
  });

  it('scans nothing that would reach what is protected', () => {
    const { machine, shrinker, memcg } = world();
    machine.params.shrinkerPolicy = 'protected';
    const scan = shrinker.createScan();
    assert.equal(scan.begin(memcg, 100 - PROTECTED_BY_STORES), true);
    assert.deepEqual([scan.scanned, scan.stop], [0, true]);
    assert.equal(memcg.events.zswpwb, 0);
    assert.equal(scan.begin(memcg, 99 - PROTECTED_BY_STORES), false);
    machine.rt.run(100_000);
    assert.equal(memcg.events.zswpwb, 99 - PROTECTED_BY_STORES);
  });

  it('can be chosen and left while running', () => {
    const { machine, shrinker, memcg } = world();
    machine.params.shrinkerPolicy = 'protected';
    memcg.zswapProtected = 100;
    assert.equal(shrinker.count(memcg), 0);
    machine.params.shrinkerPolicy = 'second_chance';
    assert.equal(shrinker.count(memcg), 29);
  });
});
