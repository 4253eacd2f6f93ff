/**
 * Goal: the race checkers find races. Method: variants of the engine that are broken on purpose,
 * each by the mistake that a rule of the protocol is there to prevent; a canary that survives all
 * its seeds fails the suite, because then the checkers' silence about the real engine says nothing.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { present } from '../../src/std/assert.ts';
import type { Task } from '../../src/rt/rt.ts';
import { SwapCache, type SlotWaiter } from '../../src/swap/cache.ts';
import { Bio } from '../../src/swap/device/device.ts';
import type { SwapSlot } from '../../src/swap/table.ts';
import { createZpool } from '../../src/zpool/open.ts';
import { StoreOp } from '../../src/zswap/store.ts';
import { Race, type RaceOptions } from '../support/disk-race.ts';
import { RangeRace } from '../support/range-race.ts';
import type { TestMachine } from '../support/machine.ts';
import { createWordCodec } from '../support/word-codec.ts';

/** Schedules within which each canary must be found. */
const SEEDS = 30;

/** What the first seed that finds something finds. */
function firstFinding(run: (seed: number) => void): string {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    try {
      run(seed);
    } catch (error) {
      return String(error);
    }
  }
  return assert.fail(`no violation in ${SEEDS} schedules`);
}

function finding(options: RaceOptions): string {
  return firstFinding((seed) => new Race(seed, options).run());
}

/** Grants a slot to everybody who asks. */
class GrantingCache extends SwapCache {
  override lock(slot: SwapSlot, task: SlotWaiter): boolean {
    this.tryLock(slot, task);
    return true;
  }

  override tryLock(slot: SwapSlot, task: Task): boolean {
    super.tryLock(slot, task);
    return true;
  }

  override unlock(slot: SwapSlot, task: Task): void {
    if (this.isOwner(slot, task)) super.unlock(slot, task);
  }

  override share(slot: SwapSlot, task: Task): void {
    if (this.isOwner(slot, task)) super.share(slot, task);
  }
}

const grantBusySlots = (machine: TestMachine): void => {
  Object.defineProperty(machine.swap, 'cache', { value: new GrantingCache(machine.rt) });
};

describe('the race checkers find', () => {
  it('a swap cache that grants busy slots, by what two requests do to one device page', () => {
    const found = finding({ poolPages: 2, devicePages: 64, prepare: grantBusySlots });
    assert.match(found, /while it is|overwritten|holds|torn|device page|has changed/);
  });

  it('a swap cache that grants busy slots, by the update of a part that gets lost', () => {
    const found = firstFinding((seed) => {
      new RangeRace(seed, { prepare: grantBusySlots }).run(12);
    });
    assert.match(found, /client \d finds/);
  });

  it('a spill that is committed before the device has acknowledged it', () => {
    const found = finding({
      poolPages: 2,
      devicePages: 64,
      prepare: (machine) => {
        const device = present(machine.device);
        const write = device.write.bind(device);
        device.write = (bio) => {
          const behind = new Bio();
          behind.devicePage = bio.devicePage;
          behind.pageCount = bio.pageCount;
          behind.bytes.set(bio.bytes);
          write(behind);
          bio.error = 0;
          machine.rt.wake({ resume: () => bio.onDone(bio) });
        };
      },
    });
    assert.match(found, /while it is written/);
  });

  it('a store that does not release the older entry', () => {
    const found = finding({
      prepare: ({ swap }) => {
        swap.setEntry = (slot, entry) => swap.table.setEntry(slot, entry);
      },
    });
    assert.match(found, /everySlotOwnsItsEntry/);
  });

  it('zeros that leave the older entry alive', () => {
    const found = finding({
      prepare: ({ swap }) => {
        swap.setZero = (slot) => swap.table.setZero(slot);
      },
    });
    assert.match(found, /everySlotOwnsItsEntry/);
  });

  it('a device page that is not freed when its slot comes back to the pool', () => {
    const found = finding({
      poolPages: 2,
      devicePages: 64,
      prepare: ({ swap }) => {
        present(swap.backing).free = () => {};
      },
    });
    assert.match(found, /devicePagesBelongToSlots/);
  });

  it('entries that are decompressed with the current compressor', () => {
    let key = 0;
    const found = finding({
      meddle: (machine, _memcg, prng) => {
        if (!prng.chance(1, 20)) return;
        key = (key + 1) % 3;
        const { pools } = machine.zswap;
        machine.zswap.setCurrentPool(createWordCodec(key), 'zsmalloc', (cells) =>
          createZpool('zsmalloc', machine.arena, cells),
        );
        const { loadLane } = present(pools.current);
        for (const pool of pools.pools())
          Object.defineProperty(pool, 'loadLane', { value: loadLane, configurable: true });
      },
    });
    assert.match(found, /a read was refused/);
  });

  it('a store that goes on with the staging page of others after a wait', () => {
    const keepPage = present(Object.getOwnPropertyDescriptor(StoreOp.prototype, 'keepPage'));
    StoreOp.prototype.keepPage = () => {};
    try {
      assert.match(finding({}), /never written there|overwritten|torn/);
    } finally {
      Object.defineProperty(StoreOp.prototype, 'keepPage', keepPage);
    }
  });

  it('a wake that gets lost', () => {
    const found = finding({
      prepare: ({ rt }) => {
        const wake = rt.wake.bind(rt);
        let wakes = 0;
        rt.wake = (task) => {
          wakes += 1;
          if (wakes % 20 !== 0) wake(task);
        };
      },
    });
    assert.match(found, /never finished/);
  });
});
