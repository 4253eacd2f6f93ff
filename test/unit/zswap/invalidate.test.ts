import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Bio } from '../../../src/swap/device/device.ts';
import type { SwapSlot } from '../../../src/swap/table.ts';
import { InvalidateHook } from '../../../src/zswap/invalidate.ts';
import { TestMachine } from '../../support/machine.ts';
import { randomPage, wordPage } from '../../support/chosen-pages.ts';
import { store } from '../../support/stores.ts';
import { createWordCodec } from '../../support/word-codec.ts';

describe('invalidate', () => {
  const changes: Record<string, (machine: TestMachine, slot: SwapSlot) => void> = {
    'is freed': (machine, slot) => machine.swap.free(slot),
    // The kernel leaves the entry alive here: a later writeback could bring its old data back.
    'is written with zeros': (machine, slot) => machine.swap.setZero(slot),
    'gets a device page': (machine, slot) => {
      const bio = new Bio();
      machine.swap.backing?.allocate(bio, 1);
      machine.swap.backing?.acknowledge(bio, 0);
      machine.swap.setDevice(slot, bio.devicePage);
    },
  };

  for (const [what, change] of Object.entries(changes)) {
    for (const [kind, page] of [
      ['compressed', wordPage(1)],
      ['raw', randomPage(1)],
    ] as const) {
      it(`undoes all that the store of a ${kind} page did when its slot ${what}`, () => {
        const machine = new TestMachine({ codec: createWordCodec(), devicePages: 4 });
        const { disk, memcg } = machine.export('vm', 8);
        const slot = disk.area.slot(1);
        store(machine, slot, memcg, page);
        change(machine, slot);
        machine.zswap.assertDrained();
        assert.equal(memcg.zswapCurrent, 0);
        assert.equal(memcg.zswappedPages, 0);
        assert.equal(machine.memcgs.root.zswapCurrent, 0);
        assert.equal(machine.zswap.poolTotalSize, 0);
        assert.equal(machine.zswap.pools.current?.references, 1);
        assert.notEqual(machine.swap.table.kind(slot), 'entry');
        // Once is enough: the entry's record may serve another slot already.
        const other = disk.area.slot(2);
        store(machine, other, memcg, wordPage(2));
        machine.swap.free(slot);
        assert.equal(machine.zswap.stats.stored_pages, 1);
      });
    }
  }

  it('notices an entry that belongs to another slot', () => {
    const machine = new TestMachine({ codec: createWordCodec() });
    const { disk, memcg } = machine.export('vm', 8);
    store(machine, disk.area.slot(1), memcg, wordPage(1));
    const index = machine.swap.table.payload(disk.area.slot(1));
    const hook = new InvalidateHook(machine.zswap);
    assert.throws(() => hook.entryReleased(disk.area.slot(2), index), { name: 'InvariantError' });
  });
});
