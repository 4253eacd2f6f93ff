/**
 * Goal: a store happens in one section or not at all, and says why not. Method: pages that the test
 * knows the compressed length of, and a look at everything countable before and after.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Memcg } from '../../../src/memcg/memcg.ts';
import { present } from '../../../src/std/assert.ts';
import { ENOMEM } from '../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import type { SwapSlot } from '../../../src/swap/table.ts';
import { createZpool } from '../../../src/zpool/open.ts';
import { LANES_MAX } from '../../../src/zswap/pool.ts';
import { REJECT_REASONS, type RejectReason } from '../../../src/zswap/stats.ts';
import { countStored } from '../../../src/zswap/store.ts';
import { TestMachine, type MachineOptions } from '../../support/machine.ts';
import { randomPage, wordPage } from '../../support/chosen-pages.ts';
import { TestStore, load, peek, store } from '../../support/stores.ts';
import { FAILING_BYTE, createWordCodec, wordLength } from '../../support/word-codec.ts';

interface SetUp {
  readonly machine: TestMachine;
  readonly memcg: Memcg;
  readonly slot: SwapSlot;
  readonly other: SwapSlot;
}

function setUp(options: MachineOptions = {}): SetUp {
  const machine = new TestMachine({ codec: createWordCodec(), ...options });
  const { disk, memcg } = machine.export('vm', 64);
  return { machine, memcg, slot: disk.area.slot(3), other: disk.area.slot(4) };
}

function failingPage(): Uint8Array {
  return new Uint8Array(PAGE_SIZE).fill(FAILING_BYTE);
}

/** All that a store could change, beside the reasons of rejection and `pool_limit_hit`. */
function stateOf({ machine, memcg, slot }: SetUp): unknown {
  const { rejects: _rejects, pool_limit_hit: _hits, ...stats } = machine.zswap.stats;
  return {
    stats,
    vmstat: { ...machine.swap.vmstat },
    events: { ...memcg.events },
    charged: [memcg.zswapCurrent, memcg.zswappedPages, machine.memcgs.root.zswapCurrent],
    word: [machine.swap.table.kind(slot), machine.swap.table.payload(slot)],
    used: machine.swap.table.usedSlots,
    entries: machine.zswap.entries.length,
    lru: machine.zswap.lru.length,
    pages: machine.zswap.pools.totalPages(),
    references: [...machine.zswap.pools.pools()].map((pool) => pool.references),
    data: peek(machine, slot),
  };
}

describe('storePage', () => {
  it('makes an entry of the compressed length, charged to its group and all above it', () => {
    const { machine, memcg, slot } = setUp();
    assert.equal(store(machine, slot, memcg, wordPage(3)), 'stored');
    const index = machine.swap.table.payload(slot);
    assert.equal(machine.swap.table.kind(slot), 'entry');
    assert.equal(machine.zswap.slotOf(index), slot);
    assert.equal(machine.zswap.entries.lengthOf(index), wordLength(3));
    assert.equal(machine.zswap.entries.referenced(index), true);
    assert.equal(memcg.zswapCurrent, wordLength(3));
    assert.equal(machine.memcgs.root.zswapCurrent, wordLength(3));
    assert.equal(memcg.zswappedPages, 1);
    assert.equal(machine.zswap.stats.stored_pages, 1);
    assert.equal(machine.zswap.stats.stored_incompressible_pages, 0);
    assert.equal(machine.zswap.lru.oldest(memcg.id), index);
    assert.deepEqual(load(machine, slot), wordPage(3));
  });

  it('drops the older entry of the slot with the commit, and its charge with it', () => {
    const { machine, memcg, slot, other } = setUp();
    store(machine, slot, memcg, wordPage(1));
    store(machine, other, memcg, wordPage(2));
    store(machine, slot, memcg, wordPage(3));
    assert.equal(machine.zswap.stats.stored_pages, 2);
    assert.equal(memcg.zswapCurrent, wordLength(2) + wordLength(3));
    assert.deepEqual(load(machine, slot), wordPage(3));
    // The new entry is the youngest, whatever the age of the one before it.
    assert.equal(machine.zswap.lru.oldest(memcg.id), machine.swap.table.payload(other));
  });

  it('shows nothing of the new page before the commit', () => {
    const state = setUp();
    const { machine, memcg, slot } = state;
    store(machine, slot, memcg, wordPage(1));
    const task = new TestStore(machine.zswap, slot, memcg, wordPage(2));
    task.resume();
    let steps = 0;
    while (task.result === 'waiting') {
      assert.deepEqual(load(machine, slot), wordPage(1));
      assert.equal(machine.zswap.stats.stored_pages, 1);
      assert.equal(machine.zswap.lru.length, 1);
      machine.check();
      assert.ok(machine.rt.step());
      steps += 1;
    }
    assert.equal(steps, 2);
    assert.deepEqual(load(machine, slot), wordPage(2));
  });

  it('works on a copy once it has had to wait', () => {
    const { machine, memcg, slot } = setUp();
    for (const page of [wordPage(1), randomPage(1)]) {
      const original = page.slice();
      const task = new TestStore(machine.zswap, slot, memcg, page);
      task.resume();
      page.fill(0xee);
      machine.settle();
      assert.deepEqual(load(machine, slot), original);
    }
  });

  it('counts a page as stored when its caller says that its folio is', () => {
    const { machine, memcg, slot } = setUp();
    store(machine, slot, memcg, wordPage(1));
    assert.equal(machine.swap.vmstat.zswpout, 0);
    countStored(machine.zswap, memcg, 1);
    assert.equal(machine.swap.vmstat.zswpout, 1);
    assert.equal(memcg.events.zswpout, 1);
  });

  it('keeps an incompressible page raw', () => {
    const { machine, memcg, slot } = setUp();
    assert.equal(store(machine, slot, memcg, randomPage(9)), 'stored');
    assert.equal(machine.zswap.entries.lengthOf(machine.swap.table.payload(slot)), 4096);
    assert.equal(machine.zswap.stats.stored_incompressible_pages, 1);
    assert.equal(memcg.zswapCurrent, 4096);
    assert.deepEqual(load(machine, slot), randomPage(9));
    store(machine, slot, memcg, wordPage(1));
    assert.equal(machine.zswap.stats.stored_incompressible_pages, 0);
  });

  it('finishes a store that was under way when zswap was disabled', () => {
    const { machine, memcg, slot, other } = setUp();
    const task = new TestStore(machine.zswap, slot, memcg, wordPage(1));
    task.resume();
    machine.params.enabled = false;
    machine.settle();
    assert.equal(task.result, 'stored');
    assert.equal(store(machine, other, memcg, wordPage(1)), 'disabled');
  });

  it('makes stores beyond LANES_MAX wait for a lane, and serves all of them', () => {
    const { machine, memcg, slot } = setUp();
    const tasks = Array.from({ length: 3 * LANES_MAX }, (_, i) => {
      const at = (slot + 10 + i) as SwapSlot;
      return new TestStore(machine.zswap, at, memcg, wordPage(i));
    });
    for (const task of tasks) task.resume();
    assert.equal(machine.zswap.pools.current?.references, 1 + 3 * LANES_MAX);
    machine.settle();
    for (const [i, task] of tasks.entries()) {
      assert.equal(task.result, 'stored');
      assert.deepEqual(load(machine, task.op.slot), wordPage(i));
    }
  });

  it('goes to the pool that was current when it was admitted, and keeps that alive', () => {
    const { machine, memcg, slot } = setUp();
    const tasks = Array.from({ length: LANES_MAX + 2 }, (_, i) => {
      return new TestStore(machine.zswap, (slot + i) as SwapSlot, memcg, wordPage(i + 1));
    });
    for (const task of tasks) task.resume();
    const first = present(machine.zswap.pools.current);
    machine.zswap.setCurrentPool(createWordCodec(1), 'zsmalloc', (cells) =>
      createZpool('zsmalloc', machine.arena, cells),
    );
    machine.settle();
    for (const [i, task] of tasks.entries()) {
      const index = machine.swap.table.payload(task.op.slot);
      assert.equal(machine.zswap.entries.pool(index), first.id);
      assert.deepEqual(load(machine, task.op.slot), wordPage(i + 1));
    }
  });
});

describe('storePage rejects', () => {
  type Case = readonly [
    name: string,
    reason: RejectReason,
    options: MachineOptions,
    arrange: (state: SetUp) => void,
    page?: Uint8Array,
  ];
  const nothing = (): void => {};
  const cases: readonly Case[] = [
    ['while zswap is disabled', 'disabled', {}, ({ machine }) => (machine.params.enabled = false)],
    ['a group at its limit', 'memcg_limit', {}, ({ memcg }) => memcg.setZswapMax(0)],
    [
      'a group whose ancestor is at its limit',
      'memcg_limit',
      {},
      (state) => {
        const child = state.machine.memcgs.create('child', state.memcg);
        state.memcg.setZswapMax(0);
        Object.assign(state, { memcg: child });
      },
    ],
    ['at the pool limit', 'pool_limit', {}, ({ machine }) => (machine.params.poolBytes = 0)],
    ['without a pool', 'no_pool', {}, ({ machine }) => (machine.zswap.poolFor = () => undefined)],
    [
      'an incompressible page of a group that is never written back',
      'reject_compress_poor',
      {},
      ({ memcg }) => memcg.setWriteback(false),
      randomPage(1),
    ],
    [
      'a page of such a group that the compressor fails on',
      'reject_compress_fail',
      {},
      ({ memcg }) => memcg.setWriteback(false),
      failingPage(),
    ],
    [
      'a page that the allocator has no size for',
      'reject_compress_poor',
      { zpool: 'zbud' },
      nothing,
      randomPage(1),
    ],
    [
      'when the allocator has no memory',
      'reject_alloc_fail',
      {},
      ({ machine }) => {
        present(machine.zswap.pools.current).zpool.malloc = () => ENOMEM;
      },
    ],
    ['when there is no entry left', 'reject_kmemcache_fail', { entryLimit: 1 }, nothing],
  ];

  for (const [name, reason, options, arrange, page] of cases) {
    for (const older of [true, false]) {
      // With an entry limit of 1 there is none left only if one is in use.
      if (reason === 'reject_kmemcache_fail' && !older) continue;
      const what = older ? 'an older entry' : 'an empty slot';
      it(`${name}: counts ${reason} once and leaves ${what} as it was`, () => {
        const state = setUp(options);
        const { machine } = state;
        if (older) store(machine, state.slot, state.memcg, wordPage(7));
        arrange(state);
        const hits = machine.zswap.stats.pool_limit_hit;
        const before = stateOf(state);
        assert.equal(store(machine, state.slot, state.memcg, page ?? wordPage(8)), reason);
        assert.deepEqual(stateOf(state), before);
        assert.equal(machine.zswap.stats.pool_limit_hit - hits, reason === 'pool_limit' ? 1 : 0);
        for (const each of REJECT_REASONS) {
          assert.equal(machine.zswap.stats.rejects[each], each === reason ? 1 : 0, each);
        }
      });
    }
  }

  it('not a page that the compressor fails on if it can be written back: that is kept raw', () => {
    const { machine, memcg, slot } = setUp();
    assert.equal(store(machine, slot, memcg, failingPage()), 'stored');
    assert.equal(machine.zswap.stats.stored_incompressible_pages, 1);
    assert.deepEqual(load(machine, slot), failingPage());
  });

  it('accepts again what it rejected, once the cause is gone', () => {
    const { machine, memcg, slot } = setUp();
    machine.params.enabled = false;
    assert.equal(store(machine, slot, memcg, wordPage(1)), 'disabled');
    machine.params.enabled = true;
    memcg.setZswapMax(0);
    assert.equal(store(machine, slot, memcg, wordPage(1)), 'memcg_limit');
    memcg.setZswapMax(Infinity);
    machine.params.poolBytes = 0;
    assert.equal(store(machine, slot, memcg, wordPage(1)), 'pool_limit');
    machine.params.poolBytes = undefined;
    assert.equal(store(machine, slot, memcg, wordPage(1)), 'stored');
  });

  it('gives the lane back, so that many rejections in a row block nobody', () => {
    const { machine, memcg, slot, other } = setUp();
    memcg.setWriteback(false);
    for (let i = 0; i < 3 * LANES_MAX; i += 1) {
      assert.equal(store(machine, slot, memcg, randomPage(i)), 'reject_compress_poor');
    }
    assert.equal(store(machine, other, memcg, wordPage(1)), 'stored');
    assert.equal(machine.zswap.stats.rejects.reject_compress_poor, 3 * LANES_MAX);
  });
});
