import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Memcg } from '../../../src/memcg/memcg.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import type { SwapSlot } from '../../../src/swap/table.ts';
import { loadPage } from '../../../src/zswap/load.ts';
import { TestMachine } from '../../support/machine.ts';
import { randomPage, wordPage } from '../../support/chosen-pages.ts';
import { corrupt, load, peek, store } from '../../support/stores.ts';
import { createWordCodec } from '../../support/word-codec.ts';

function setUp(): { machine: TestMachine; memcg: Memcg; slot: SwapSlot } {
  const machine = new TestMachine({ codec: createWordCodec(), devicePages: 8 });
  const { disk, memcg } = machine.export('vm', 8);
  return { machine, memcg, slot: disk.area.slot(2) };
}

describe('loadPage', () => {
  for (const [what, page] of [
    ['compressed', wordPage(4)],
    ['raw', randomPage(4)],
  ] as const) {
    it(`retains a ${what} entry and marks it referenced`, () => {
      const { machine, memcg, slot } = setUp();
      store(machine, slot, memcg, page);
      const index = machine.swap.table.payload(slot);
      machine.zswap.entries.setReferenced(index, false);
      assert.deepEqual(load(machine, slot, 'retain'), page);
      assert.deepEqual(load(machine, slot, 'retain'), page);
      assert.equal(machine.swap.table.payload(slot), index);
      assert.equal(machine.zswap.entries.referenced(index), true);
      assert.equal(machine.zswap.stats.stored_pages, 1);
      assert.equal(machine.swap.vmstat.zswpin, 2);
      assert.equal(memcg.events.zswpin, 2);
    });

    it(`drops a ${what} entry with an exclusive load`, () => {
      const { machine, memcg, slot } = setUp();
      store(machine, slot, memcg, page);
      assert.deepEqual(load(machine, slot, 'exclusive'), page);
      assert.equal(machine.swap.table.isFree(slot), true);
      assert.equal(load(machine, slot), 'absent');
      assert.equal(memcg.zswapCurrent, 0);
      assert.equal(machine.swap.vmstat.zswpin, 1);
      machine.check();
      machine.zswap.assertDrained();
    });
  }

  it('writes the page where it is asked to, and nothing beside it', () => {
    for (const page of [wordPage(0x01010101), randomPage(1)]) {
      const { machine, memcg, slot } = setUp();
      store(machine, slot, memcg, page);
      const target = new Uint8Array(PAGE_SIZE + 300).fill(0xaa);
      assert.equal(loadPage(machine.zswap, slot, 'retain', target, 100), 'loaded');
      const expected = new Uint8Array(PAGE_SIZE + 300).fill(0xaa);
      expected.set(page, 100);
      assert.deepEqual(target, expected);
    }
  });

  it('says absent of a slot that zswap does not hold, whatever else does', () => {
    const { machine, slot } = setUp();
    assert.equal(load(machine, slot), 'absent');
    machine.swap.setZero(slot);
    assert.equal(load(machine, slot), 'absent');
    machine.swap.setDevice(slot, 0);
    assert.equal(load(machine, slot), 'absent');
    assert.equal(machine.swap.vmstat.zswpin, 0);
  });

  for (const mode of ['retain', 'exclusive'] as const) {
    it(`keeps an entry that it cannot decompress, counts it, and touches nothing (${mode})`, () => {
      const { machine, memcg, slot } = setUp();
      store(machine, slot, memcg, wordPage(4));
      corrupt(machine, slot);
      const target = new Uint8Array(PAGE_SIZE).fill(0xaa);
      assert.equal(loadPage(machine.zswap, slot, mode, target, 0), 'corrupt');
      assert.deepEqual(target, new Uint8Array(PAGE_SIZE).fill(0xaa));
      assert.equal(machine.zswap.stats.decompress_fail, 1);
      assert.equal(machine.swap.vmstat.zswpin, 0);
      assert.equal(memcg.events.zswpin, 0);
      assert.equal(machine.swap.table.kind(slot), 'entry');
      assert.equal(machine.zswap.stats.stored_pages, 1);
      machine.check();
      store(machine, slot, memcg, wordPage(5));
      assert.deepEqual(peek(machine, slot), wordPage(5));
    });
  }

  it('reads what was stored though zswap has been disabled since', () => {
    const { machine, memcg, slot } = setUp();
    store(machine, slot, memcg, wordPage(4));
    machine.params.enabled = false;
    machine.params.poolBytes = 0;
    assert.deepEqual(load(machine, slot), wordPage(4));
  });

  it('counts the load for the group that stored the page', () => {
    const { machine, memcg, slot } = setUp();
    const other = machine.memcgs.create('other');
    store(machine, slot, other, wordPage(4));
    load(machine, slot);
    assert.equal(other.events.zswpin, 1);
    assert.equal(memcg.events.zswpin, 0);
  });
});
