/** Goal: each invariant finds the damage that it is there for. Method: do the damage. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { SwapSlot } from '../../../src/swap/table.ts';
import { INVARIANTS } from '../../../src/zswap/invariants.ts';
import { present } from '../../../src/std/assert.ts';
import { Bio } from '../../../src/swap/device/device.ts';
import { TestMachine } from '../../support/machine.ts';
import { randomPage, wordPage } from '../../support/chosen-pages.ts';
import { store } from '../../support/stores.ts';
import { createWordCodec } from '../../support/word-codec.ts';

interface World {
  readonly machine: TestMachine;
  readonly slots: readonly SwapSlot[];
}

function setUp(): World {
  const machine = new TestMachine({ codec: createWordCodec(), devicePages: 8 });
  const { disk, memcg } = machine.export('vm', 8);
  machine.memcgs.create('vm', memcg);
  const slots = [0, 1, 2].map((page) => disk.area.slot(page));
  for (const [i, slot] of slots.entries()) store(machine, slot, memcg, wordPage(i + 1));
  store(machine, disk.area.slot(3), memcg, randomPage(1));
  const bio = new Bio();
  machine.swap.backing?.allocate(bio, 2);
  for (const i of [0, 1]) machine.swap.backing?.acknowledge(bio, i);
  machine.swap.setDevice(disk.area.slot(4), bio.devicePage);
  machine.swap.setDevice(disk.area.slot(5), bio.devicePage + 1);
  machine.check();
  return { machine, slots };
}

const damage: Record<string, Record<string, (world: World) => void>> = {
  everySlotOwnsItsEntry: {
    'an entry that belongs to another slot': ({ machine, slots }) => {
      const index = machine.swap.table.payload(present(slots[0]));
      machine.swap.table.setEntry(present(slots[1]), index);
    },
    'an entry that no slot names': ({ machine, slots }) =>
      machine.swap.table.setZero(present(slots[0])),
    'a wrong count': ({ machine }) => (machine.zswap.stats.stored_pages += 1),
  },
  everyLiveEntryIsOnExactlyOneLru: {
    'an entry that is on no list': ({ machine, slots }) => {
      const index = machine.swap.table.payload(present(slots[1]));
      machine.zswap.lru.remove(machine.zswap.entries.memcg(index), index);
    },
    'an entry on a foreign list': ({ machine, slots }) => {
      const index = machine.swap.table.payload(present(slots[1]));
      machine.zswap.lru.remove(machine.zswap.entries.memcg(index), index);
      machine.zswap.lru.add(machine.memcgs.root.id, index);
    },
    'a list that is a ring': ({ machine, slots }) => {
      const [first, second] = slots.map((slot) => machine.swap.table.payload(slot));
      machine.zswap.entries.setNext(present(second), present(first));
    },
    'an entry that its slot has forgotten': ({ machine, slots }) =>
      machine.swap.table.setZero(present(slots[0])),
    'a list shorter than its length': ({ machine, slots }) => {
      machine.zswap.entries.setNext(machine.swap.table.payload(present(slots[0])), 0);
    },
  },
  memcgChargeEqualsItsEntries: {
    'bytes charged twice': ({ machine }) => {
      machine.memcgs.root.charge(5);
    },
    'a charge forgotten': ({ machine }) => {
      machine.memcgs.root.uncharge(16);
    },
  },
  poolReferencesCoverItsEntries: {
    'a reference dropped early': ({ machine }) => {
      present(machine.zswap.pools.current).references = 3;
    },
    'an object that no entry names': ({ machine, slots }) => {
      const pool = present(machine.zswap.pools.current);
      for (const slot of [...slots, (present(slots[0]) + 3) as SwapSlot]) machine.swap.free(slot);
      pool.zpool.malloc(machine.zswap.entries.allocate(), 100);
    },
    'raw entries miscounted': ({ machine }) =>
      (machine.zswap.stats.stored_incompressible_pages -= 1),
  },
  devicePagesBelongToSlots: {
    'a device page of two slots': ({ machine, slots }) => {
      const first = present(slots[0]);
      machine.swap.table.setDevice((first + 6) as SwapSlot, 0);
    },
    'a device page freed under its slot': ({ machine }) => machine.swap.backing?.free(1),
    'a device page of nobody': ({ machine }) => {
      const bio = new Bio();
      machine.swap.backing?.allocate(bio, 1);
      machine.swap.backing?.acknowledge(bio, 0);
    },
  },
};

describe('INVARIANTS', () => {
  it('are all tried out here', () => {
    assert.deepEqual(Object.keys(damage).sort(), Object.keys(INVARIANTS).sort());
  });

  for (const [name, kinds] of Object.entries(damage)) {
    for (const [what, harm] of Object.entries(kinds)) {
      it(`${name} finds ${what}`, () => {
        const world = setUp();
        harm(world);
        assert.notEqual(present(INVARIANTS[name])(world.machine.zswap), undefined);
      });
    }
  }
});
