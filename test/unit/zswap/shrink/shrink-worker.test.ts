/**
 * Goal: a full pool is brought down to its accept threshold by writing back what is coldest, from
 * all groups in turn, and a run ends when it cannot go on.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { SwapDisk } from '../../../../src/blk/swap-disk.ts';
import type { Bio } from '../../../../src/swap/device/device.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { RECLAIM_RETRIES_MAX } from '../../../../src/zswap/shrink/shrink.ts';
import { randomPage } from '../../../support/chosen-pages.ts';
import { submit } from '../../../support/client.ts';
import { TestMachine, type MachineOptions } from '../../../support/machine.ts';

/** A pool of 64 pages; incompressible pages, so that each takes one. */
function machineOf(options: MachineOptions = {}): TestMachine {
  return new TestMachine({
    poolPages: 64,
    acceptThresholdPercent: 50,
    devicePages: 1024,
    ...options,
  });
}

function write(machine: TestMachine, disk: SwapDisk, first: number, count: number): void {
  for (let page = first; page < first + count; page += 1) {
    submit(disk, 'write', page * PAGE_SIZE, PAGE_SIZE, randomPage(page + 1));
    machine.rt.run(1_000_000);
  }
}

function assertReads(machine: TestMachine, disk: SwapDisk, count: number): void {
  for (let page = 0; page < count; page += 1) {
    const request = submit(disk, 'read', page * PAGE_SIZE, PAGE_SIZE);
    machine.rt.run(1_000_000);
    assert.deepEqual(Buffer.from(request.data), Buffer.from(randomPage(page + 1)), `${page}`);
  }
}

describe('the shrink worker', () => {
  it('brings a full pool to the accept threshold, coldest pages first', () => {
    const machine = machineOf();
    const { disk } = machine.export('vm', 256);
    write(machine, disk, 0, 120);
    const { stats } = machine.zswap;
    assert.ok(stats.pool_limit_hit > 0);
    assert.ok(stats.written_back_pages >= 32, `${stats.written_back_pages}`);
    assert.equal(machine.zswap.shrinkWorker.running, false);
    // Stores go on after the run: what was refused is little, and the first pages are on disk.
    assert.ok(stats.rejects.pool_limit < 20, `${stats.rejects.pool_limit}`);
    for (let page = 0; page < 20; page += 1) {
      assert.equal(machine.swap.table.kind(disk.area.slot(page)), 'device', `page ${page}`);
    }
    machine.check();
    assertReads(machine, disk, 120);
  });

  it('takes from every group in turn, and none from one that is not written back', () => {
    const machine = machineOf();
    const tenants = ['a', 'b', 'c'].map((name) => machine.export(name, 64));
    for (const { disk } of tenants) write(machine, disk, 0, 21);
    tenants[1]?.memcg.setWriteback(false);
    machine.params.poolBytes = 32 * PAGE_SIZE;
    const last = tenants[2];
    assert.ok(last !== undefined);
    for (let more = 21; more < 64; more += 1) write(machine, last.disk, more, 1);
    const written = tenants.map(({ memcg }) => memcg.events.zswpwb);
    assert.ok((written[0] ?? 0) > 0 && (written[2] ?? 0) > 0, written.join());
    assert.equal(written[1], 0);
    for (const { disk } of tenants) assertReads(machine, disk, 21);
  });

  it('drains the pool when the limit is 0', () => {
    const machine = machineOf();
    const { disk } = machine.export('vm', 64);
    write(machine, disk, 0, 40);
    machine.params.poolBytes = 0;
    // The first runs take away second chances; each refused store sets the worker going again.
    write(machine, disk, 40, 20);
    assert.equal(machine.zswap.stats.stored_pages, 0);
    assert.equal(machine.zswap.poolTotalSize, 0);
    assertReads(machine, disk, 60);
  });

  it('ends a run when too much has failed, and nothing is lost', () => {
    const machine = machineOf();
    const { disk } = machine.export('vm', 128);
    write(machine, disk, 0, 60);
    assert.ok(machine.device !== undefined);
    machine.device.writeErrors = 256;
    machine.params.poolBytes = 32 * PAGE_SIZE;
    submit(disk, 'write', 100 * PAGE_SIZE, PAGE_SIZE, randomPage(1));
    machine.rt.run(1_000_000);
    const { stats } = machine.zswap;
    assert.equal(machine.zswap.shrinkWorker.running, false);
    assert.ok(stats.reject_reclaim_fail > 0);
    assert.ok(stats.reject_reclaim_fail <= RECLAIM_RETRIES_MAX * 32);
    assert.equal(stats.stored_pages, 60);
    machine.device.writeErrors = 0;
    assertReads(machine, disk, 60);
  });

  /** Lowers the limit of a pool of `count` pages; returns most device requests at a time. */
  function mostUnderWay(machine: TestMachine, disk: SwapDisk, count: number): number {
    write(machine, disk, 0, count);
    const { device, params, rt } = machine;
    assert.ok(device !== undefined);
    params.poolBytes = 0;
    let most = 0;
    // A device that does nothing before everybody waits for it.
    const held: Bio[] = [];
    const deviceWrite = device.write.bind(device);
    device.write = (bio) => held.push(bio);
    for (let round = 0; machine.zswap.stats.stored_pages > 0; round += 1) {
      assert.ok(round < 40, 'the pool is not drained');
      submit(disk, 'write', count * PAGE_SIZE, PAGE_SIZE, randomPage(count + 1));
      rt.run(1_000_000);
      while (held.length > 0) {
        most = Math.max(most, held.length);
        for (const bio of held.splice(0)) deviceWrite(bio);
        rt.run(1_000_000);
      }
    }
    assert.equal(machine.zswap.shrinkWorker.running, false);
    return most;
  }

  it('keeps a few batches in flight, so that a full pool is not full for long', () => {
    const machine = machineOf({ poolPages: 2048, devicePages: 4096 });
    const { disk } = machine.export('vm', 2048);
    // One of them may be the refused page's own.
    const most = mostUnderWay(machine, disk, 1000);
    assert.ok(most >= 4 && most <= 5, `${most}`);
    assertReads(machine, disk, 1001);
    machine.check();
  });

  it('keeps one batch in flight of a group too small for batches to miss each other', () => {
    const machine = machineOf({ poolPages: 2048, devicePages: 4096 });
    const { disk } = machine.export('vm', 2048);
    const most = mostUnderWay(machine, disk, 100);
    assert.ok(most <= 2, `${most}`);
    assert.equal(machine.zswap.stats.reject_reclaim_fail, 0);
    assertReads(machine, disk, 101);
  });

  it('does not start without a device', () => {
    const machine = machineOf({ devicePages: 0 });
    const { disk } = machine.export('vm', 128);
    write(machine, disk, 0, 80);
    assert.equal(machine.zswap.shrinkWorker.running, false);
    assert.equal(machine.zswap.stats.written_back_pages, 0);
  });
});
