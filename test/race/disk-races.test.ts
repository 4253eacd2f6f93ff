/**
 * Goal: over every interleaving that a seeded random scheduler picks, each page of a disk behaves
 * as one atomic register: a read sees the last completed write, or one that overlaps it in time,
 * whole. Method: several clients issue store, load, overwrite, trim, zero and flush requests on few
 * pages, over the code that serves, with a pool so small that pages go both ways; every version of
 * a page is recognisable; all invariants are checked after every step.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Memcg } from '../../src/memcg/memcg.ts';
import { races } from '../support/disk-race.ts';
import type { TestMachine } from '../support/machine.ts';

describe('races on one disk', () => {
  it('keeps every page an atomic register while all pages fit in the pool', () => {
    const marks = new Set<string>();
    races({}, (race) => {
      race.run();
      for (const mark of race.machine.rt.marks.keys()) marks.add(mark);
    });
    for (const point of [
      'blk.read.locked',
      'blk.write.locked',
      'blk.discard.locked',
      'zswap.store.admitted',
      'zswap.store.compressed',
    ]) {
      assert.ok(marks.has(point), `${point} was never reached`);
    }
  });

  it('does so while refused pages go to the device', () => {
    let spilled = 0;
    races({ poolPages: 2, devicePages: 64 }, (race) => {
      race.run();
      spilled += race.machine.swap.vmstat.pswpout;
    });
    assert.ok(spilled > 0);
  });

  it('does so while cold pages are written back from a full pool', () => {
    let writtenBack = 0;
    let failed = 0;
    races({ poolPages: 4, devicePages: 64, acceptThresholdPercent: 25 }, (race) => {
      race.run();
      writtenBack += race.machine.swap.vmstat.zswpwb;
      failed += race.machine.zswap.stats.reject_reclaim_fail;
    });
    assert.ok(writtenBack > 0 && failed > 0);
  });

  it('does so while a group at its limit makes room for itself', () => {
    let writtenBack = 0;
    const prepare = (_: TestMachine, memcg: Memcg): void => memcg.setZswapMax(4096);
    races({ devicePages: 64, prepare }, (race) => {
      race.run();
      writtenBack += race.machine.swap.vmstat.zswpwb;
    });
    assert.ok(writtenBack > 0);
  });

  it('does so while writeback meets a device that fails and is nearly full', () => {
    let failed = 0;
    const options = { poolPages: 3, devicePages: 12, acceptThresholdPercent: 0, biosInFlight: 2 };
    races(options, (race) => {
      assert.ok(race.machine.device !== undefined);
      race.machine.device.writeErrors = 60;
      race.machine.device.readErrors = 30;
      race.run();
      failed += race.machine.zswap.stats.reject_reclaim_fail;
    });
    assert.ok(failed > 0);
  });

  it('does so while the device has few free pages, and refuses what has no place', () => {
    let refused = 0;
    races({ poolPages: 2, devicePages: 9, biosInFlight: 2 }, (race) => {
      race.run();
      refused += race.refused;
    });
    assert.ok(refused > 0);
  });

  it('does so while the device fails', () => {
    let refused = 0;
    races({ poolPages: 2, devicePages: 64, biosInFlight: 3 }, (race) => {
      assert.ok(race.machine.device !== undefined);
      race.machine.device.writeErrors = 60;
      race.machine.device.readErrors = 30;
      race.run();
      refused += race.refused;
    });
    assert.ok(refused > 0);
  });

  it('does so without a device, refusing what the pool does not take', () => {
    let refused = 0;
    races({ poolPages: 2 }, (race) => {
      race.run();
      refused += race.refused;
    });
    assert.ok(refused > 0);
  });

  it('does so when the allocator has no memory', () => {
    let failures = 0;
    races({ arenaPages: 2, devicePages: 64 }, (race) => {
      race.run();
      failures += race.machine.zswap.stats.rejects.reject_alloc_fail;
    });
    assert.ok(failures > 0);
  });

  it('does so when there are no more entries', () => {
    let failures = 0;
    races({ entryLimit: 3, devicePages: 64 }, (race) => {
      race.run();
      failures += race.machine.zswap.stats.rejects.reject_kmemcache_fail;
    });
    assert.ok(failures > 0);
  });

  it('does so while payload comes bit by bit and some writes are given up', () => {
    let abandoned = 0;
    races({ poolPages: 2, devicePages: 64, biosInFlight: 2, inParts: true }, (race) => {
      race.run();
      abandoned += race.abandoned;
    });
    assert.ok(abandoned > 0);
  });
});
