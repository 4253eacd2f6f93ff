import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Memcg } from '../../../src/memcg/memcg.ts';
import { present } from '../../../src/std/assert.ts';
import { ENOMEM } from '../../../src/std/errno.ts';
import type { SwapSlot } from '../../../src/swap/table.ts';
import { SimRt } from '../../../src/sim/engine/rt-sim.ts';
import { World } from '../../../src/sim/world/world.ts';
import { FolioStoreOp } from '../../../src/zswap/store-folio.ts';
import { REJECT_REASONS, type RejectReason } from '../../../src/zswap/stats.ts';
import { TestMachine, type MachineOptions } from '../../support/machine.ts';
import { randomPage, wordPage } from '../../support/chosen-pages.ts';
import { peek, store, storeFolio } from '../../support/stores.ts';
import { createWordCodec } from '../../support/word-codec.ts';

const PAGES = 4;

interface SetUp {
  readonly machine: TestMachine;
  readonly memcg: Memcg;
  readonly first: SwapSlot;
  readonly slots: readonly SwapSlot[];
}

function setUp(options: MachineOptions = {}): SetUp {
  const machine = new TestMachine({ codec: createWordCodec(), ...options });
  const { disk, memcg } = machine.export('vm', 16);
  const slots = Array.from({ length: PAGES }, (_, i) => disk.area.slot(8 + i));
  return { machine, memcg, first: present(slots[0]), slots };
}

/** A runtime whose points let nobody else go first, as in production. */
class PlainRt extends SimRt {
  override point(): boolean {
    return false;
  }
}

const pagesFrom = (word: number): Uint8Array[] =>
  Array.from({ length: PAGES }, (_, i) => wordPage(word + i));

describe('FolioStoreOp', () => {
  it('stores every page of the folio, and counts them when the last one is', () => {
    const { machine, memcg, first, slots } = setUp();
    const pages = [...pagesFrom(1).slice(1), randomPage(1)];
    assert.equal(storeFolio(machine, first, memcg, pages), 'stored');
    for (const [i, slot] of slots.entries()) assert.deepEqual(peek(machine, slot), pages[i]);
    assert.equal(machine.swap.vmstat.zswpout, PAGES);
    assert.equal(memcg.events.zswpout, PAGES);
    assert.equal(machine.zswap.stats.stored_pages, PAGES);
  });

  it('takes one folio after another', () => {
    const { machine, memcg, first, slots } = setUp();
    for (const word of [10, 20, 30]) {
      assert.equal(storeFolio(machine, first, memcg, pagesFrom(word)), 'stored');
    }
    for (const [i, slot] of slots.entries()) {
      assert.deepEqual(peek(machine, slot), wordPage(30 + i));
    }
    assert.equal(machine.zswap.stats.stored_pages, PAGES);
  });

  type Case = readonly [RejectReason, string, MachineOptions, (s: SetUp) => void, Uint8Array[]?];
  const atTheThird = [wordPage(1), wordPage(2), randomPage(3), wordPage(4)];
  let allocations = 0;
  const cases: readonly Case[] = [
    ['disabled', 'first', {}, ({ machine }) => (machine.params.enabled = false)],
    ['memcg_limit', 'first', {}, ({ memcg }) => memcg.setZswapMax(0)],
    ['pool_limit', 'first', {}, ({ machine }) => (machine.params.poolBytes = 0)],
    ['no_pool', 'first', {}, ({ machine }) => (machine.zswap.poolFor = () => undefined)],
    ['reject_compress_poor', 'third', { zpool: 'zbud' }, () => {}, atTheThird],
    [
      'reject_alloc_fail',
      'third',
      {},
      ({ machine }) => {
        const { zpool } = present(machine.zswap.pools.current);
        const malloc = zpool.malloc.bind(zpool);
        allocations = 0;
        zpool.malloc = (handle, size, tag) =>
          (allocations += 1) === 3 ? ENOMEM : malloc(handle, size, tag);
      },
    ],
    // The older entries count too: the third new one meets the limit.
    [
      'reject_kmemcache_fail',
      'second',
      { entryLimit: PAGES + 1 },
      ({ first, machine, memcg }) => {
        store(machine, (first - 1) as SwapSlot, memcg, wordPage(9));
      },
    ],
  ];

  for (const [reason, which, options, arrange, pages] of cases) {
    it(`leaves no entry, new or older, when the ${which} page meets ${reason}`, () => {
      const state = setUp(options);
      const { machine, memcg, first, slots } = state;
      assert.equal(storeFolio(machine, first, memcg, pagesFrom(50)), 'stored');
      arrange(state);
      const elsewhere = machine.zswap.stats.stored_pages - PAGES;
      assert.equal(storeFolio(machine, first, memcg, pages ?? pagesFrom(60)), reason);
      for (const slot of slots) assert.equal(peek(machine, slot), 'free');
      assert.equal(machine.zswap.stats.stored_pages, elsewhere);
      assert.equal(machine.swap.vmstat.zswpout, PAGES);
      for (const each of REJECT_REASONS) {
        assert.equal(machine.zswap.stats.rejects[each], each === reason ? PAGES : 0, each);
      }
      machine.check();
    });
  }

  it('leaves what no entry holds as it is: zeros and device pages are not its own', () => {
    const { machine, memcg, first, slots } = setUp({ devicePages: 4 });
    machine.swap.setZero(present(slots[1]));
    machine.params.enabled = false;
    assert.equal(storeFolio(machine, first, memcg, pagesFrom(1)), 'disabled');
    assert.equal(peek(machine, present(slots[1])), 'zero');
  });

  it('lets others run between the pages of a large folio, unless its owner must not wait', () => {
    const pages = Array.from({ length: 64 }, (_, i) => wordPage(i + 1));
    const turns = (atOnce: boolean): number => {
      const world = new World(new PlainRt(1));
      const { disk, memcg } = world.export('vm', 64);
      world.rt.msPerLook = 1;
      const op = new FolioStoreOp();
      let result = 'waiting';
      const task = { resume: (): void => void (result = op.run(world.zswap, task)) };
      op.begin(disk.area.slot(0), 64, memcg, { page: (i) => pages[i] }, atOnce);
      task.resume();
      world.rt.run(1000);
      assert.equal(result, 'stored');
      assert.equal(world.zswap.stats.stored_pages, 64);
      return world.rt.steps;
    };
    assert.equal(turns(true), 0);
    assert.ok(turns(false) >= 32);
  });
});
