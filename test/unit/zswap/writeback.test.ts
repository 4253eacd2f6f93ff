/**
 * Goal: what a batch of writeback does to each kind of candidate, and what may happen to a
 * candidate between the moment it is picked and the moment its slot is taken. Method: the simulated
 * runtime stops the batch at its points; what happens there is done by hand. Names in brackets are
 * those of the assertions in the specification of the races.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Memcg } from '../../../src/memcg/memcg.ts';
import type { SwapDisk } from '../../../src/blk/swap-disk.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import type { SwapSlot } from '../../../src/swap/table.ts';
import { Writeback } from '../../../src/zswap/writeback.ts';
import { randomPage, wordPage } from '../../support/chosen-pages.ts';
import { submit } from '../../support/client.ts';
import { TestMachine, type MachineOptions } from '../../support/machine.ts';
import { load, peek, store } from '../../support/stores.ts';
import { createWordCodec } from '../../support/word-codec.ts';

const PAGES = 6;

interface World {
  readonly machine: TestMachine;
  readonly disk: SwapDisk;
  readonly memcg: Memcg;
  readonly slots: readonly SwapSlot[];
  readonly writeback: Writeback;
}

/** A machine with stored pages that nobody has used since, page i of word i + 1. */
function coldWorld(options: MachineOptions = {}): World {
  const machine = new TestMachine({ codec: createWordCodec(), devicePages: 32, ...options });
  const { disk, memcg } = machine.export('vm', 64);
  const slots = Array.from({ length: PAGES }, (_, page) => disk.area.slot(page));
  for (const [i, slot] of slots.entries()) store(machine, slot, memcg, wordPage(i + 1));
  for (const slot of slots) chill(machine, slot);
  return { machine, disk, memcg, slots, writeback: new Writeback(machine.zswap) };
}

/** Takes away an entry's second chance. */
function chill(machine: TestMachine, slot: SwapSlot): void {
  machine.zswap.entries.setReferenced(machine.swap.table.payload(slot), false);
}

function slotAt(world: World, index: number): SwapSlot {
  const slot = world.slots[index];
  assert.ok(slot !== undefined);
  return slot;
}

/** The page as a client reads it, wherever it is. */
function read(world: World, slot: SwapSlot): Buffer {
  const request = submit(
    world.disk,
    'read',
    (slot - world.disk.area.firstSlot) * PAGE_SIZE,
    PAGE_SIZE,
  );
  world.machine.settle();
  assert.equal(request.error, 0);
  return Buffer.from(request.data);
}

function assertReads(world: World): void {
  for (const [i, slot] of world.slots.entries()) {
    assert.deepEqual(read(world, slot), Buffer.from(wordPage(i + 1)), `page ${i}`);
  }
}

/** Begins a batch of one candidate and stops it where it has been picked. */
function pick(world: World): void {
  assert.equal(world.writeback.begin(world.memcg, 1), false);
  assert.equal(world.machine.rt.marks.get('zswap.writeback.picked'), 1);
}

describe('a batch of writeback', () => {
  it('writes the coldest entries in one run and frees them once that is acknowledged', () => {
    const world = coldWorld();
    const { machine, memcg, writeback } = world;
    assert.equal(writeback.begin(memcg, 64, 4), false);
    machine.settle();
    assert.equal(writeback.underWay, false);
    assert.equal(writeback.written, 4);
    assert.equal(machine.zswap.stats.stored_pages, PAGES - 4);
    assert.equal(machine.zswap.stats.written_back_pages, 4);
    assert.equal(machine.swap.vmstat.zswpwb, 4);
    assert.equal(machine.swap.vmstat.pswpout, 4);
    assert.equal(memcg.events.zswpwb, 4);
    const pages = world.slots.slice(0, 4).map((slot) => {
      assert.equal(machine.swap.table.kind(slot), 'device');
      return machine.swap.table.payload(slot);
    });
    assert.deepEqual(
      pages,
      pages.map((_, i) => (pages[0] ?? 0) + i),
    );
    assertReads(world);
  });

  it('gives an entry that was used a second chance, once', () => {
    const world = coldWorld();
    load(world.machine, slotAt(world, 0));
    world.writeback.begin(world.memcg, 64, 1);
    world.machine.settle();
    assert.equal(world.machine.swap.table.kind(slotAt(world, 0)), 'entry');
    assert.equal(world.machine.swap.table.kind(slotAt(world, 1)), 'device');
    assert.equal(world.writeback.scanned, 2);
    world.writeback.begin(world.memcg, 64);
    world.machine.settle();
    assert.equal(world.machine.swap.table.kind(slotAt(world, 0)), 'device');
  });

  it('ends at once when the list is empty [T004-c]', () => {
    const machine = new TestMachine({ devicePages: 8 });
    const { memcg } = machine.export('vm', 8);
    const writeback = new Writeback(machine.zswap);
    assert.equal(writeback.begin(memcg, 64), true);
    assert.equal(writeback.scanned, 0);
  });

  it('looks at each entry once at most, however large its budget', () => {
    const world = coldWorld();
    for (const slot of world.slots) load(world.machine, slot);
    assert.equal(world.writeback.begin(world.memcg, 1000), true);
    assert.equal(world.writeback.scanned, PAGES);
    assert.equal(world.writeback.written, 0);
  });

  it('lets pages be read from their entries while they are being written', () => {
    const world = coldWorld();
    world.writeback.begin(world.memcg, 64);
    while (world.machine.device?.underWay === 0) assert.ok(world.machine.rt.step());
    const request = submit(world.disk, 'read', 0, PAGES * PAGE_SIZE);
    assert.equal(request.finished, true, 'a read waits for the device');
    assert.equal(world.machine.swap.vmstat.pswpin, 0);
    world.machine.settle();
    assertReads(world);
  });

  it('leaves everything where it was when the device refuses, and counts each candidate', () => {
    const world = coldWorld();
    assert.ok(world.machine.device !== undefined);
    world.machine.device.writeErrors = 256;
    world.writeback.begin(world.memcg, 64);
    world.machine.settle();
    const { stats } = world.machine.zswap;
    assert.equal(stats.stored_pages, PAGES);
    assert.equal(stats.written_back_pages, 0);
    assert.equal(stats.reject_reclaim_fail, PAGES);
    assert.equal(world.machine.swap.backing?.usedPages, 0);
    assertReads(world);
  });

  it('leaves what the full device has no room for', () => {
    const world = coldWorld({ devicePages: 2 });
    world.writeback.begin(world.memcg, 64);
    world.machine.settle();
    assert.equal(world.writeback.written, 2);
    assert.equal(world.machine.zswap.stats.stored_pages, PAGES - 2);
    assert.equal(world.machine.zswap.stats.reject_reclaim_fail, PAGES - 2);
    assertReads(world);
  });

  it('keeps an entry that cannot be decompressed', () => {
    const world = coldWorld();
    const index = world.machine.swap.table.payload(slotAt(world, 0));
    const pool = world.machine.zswap.pools.get(world.machine.zswap.entries.pool(index));
    pool.zpool.write(index, new Uint8Array(world.machine.zswap.entries.lengthOf(index)));
    world.writeback.begin(world.memcg, 64, 1);
    world.machine.settle();
    assert.equal(world.machine.zswap.stats.decompress_fail, 1);
    assert.equal(world.machine.swap.table.kind(slotAt(world, 0)), 'entry');
    assert.equal(world.machine.swap.table.kind(slotAt(world, 1)), 'device');
  });
});

describe('a candidate that has been picked', () => {
  it('is at the tail of its list, so another batch takes another one [T001-d, T001-e]', () => {
    const world = coldWorld();
    const first = world.machine.swap.table.payload(slotAt(world, 0));
    pick(world);
    const { lru, entries } = world.machine.zswap;
    assert.equal(lru.lengthOf(world.memcg.id), PAGES);
    assert.equal(entries.next(first), 0);
    const other = new Writeback(world.machine.zswap);
    other.begin(world.memcg, 1);
    world.machine.settle();
    assert.equal(world.writeback.written, 1);
    assert.equal(other.written, 1);
    assert.equal(world.machine.swap.table.kind(slotAt(world, 1)), 'device');
    assertReads(world);
  });

  it('is left alone if its slot was freed and stored anew [T001-c, T004-e]', () => {
    const world = coldWorld();
    pick(world);
    // Another entry takes the index, so that only looking up again can tell.
    world.machine.swap.free(slotAt(world, 0));
    store(world.machine, world.disk.area.slot(40), world.memcg, wordPage(77));
    store(world.machine, slotAt(world, 0), world.memcg, wordPage(9));
    world.machine.settle();
    assert.equal(world.machine.swap.table.kind(slotAt(world, 0)), 'entry');
    assert.deepEqual(peek(world.machine, slotAt(world, 0)), wordPage(9));
    assert.equal(world.machine.swap.vmstat.pswpout, 0);
  });

  it('is given up if it was invalidated, without a trace [T004-d]', () => {
    const world = coldWorld();
    pick(world);
    world.machine.swap.free(slotAt(world, 0));
    world.machine.settle();
    const { zswap, swap } = world.machine;
    assert.equal(zswap.stats.reject_reclaim_fail, 1);
    assert.equal(zswap.stats.stored_pages, PAGES - 1);
    assert.equal(zswap.lru.lengthOf(world.memcg.id), PAGES - 1);
    assert.equal(swap.cache.busySlots, 0);
    assert.equal(swap.table.kind(slotAt(world, 0)), 'free');
  });

  it('is skipped if its slot is busy, and stays on its list, once [T002-c, T004-f]', () => {
    const world = coldWorld();
    const owner = { resume: (): void => {} };
    pick(world);
    world.machine.swap.cache.tryLock(slotAt(world, 0), owner);
    world.machine.settle();
    assert.equal(world.writeback.hitSwapCache, true);
    assert.equal(world.machine.zswap.stats.written_back_pages, 0);
    assert.equal(world.machine.zswap.stats.reject_reclaim_fail, 1);
    world.machine.swap.cache.unlock(slotAt(world, 0), owner);
    assertReads(world);
  });

  it("belongs to nobody if its area is gone, or its slots another area's [T001-a, T001-f]", () => {
    const world = coldWorld();
    pick(world);
    const trim = submit(world.disk, 'trim', 0, 64 * PAGE_SIZE);
    while (!trim.finished) assert.ok(world.machine.rt.step());
    assert.equal(world.machine.zswap.stats.stored_pages, 0);
    world.machine.settle();
    world.machine.swap.swapoff(world.disk.area);
    const again = world.machine.export('again', 64);
    assert.equal(again.disk.area.firstSlot, world.disk.area.firstSlot);
    assert.equal(world.machine.swap.vmstat.pswpout, 0);
  });

  it('has its overwrite wait until the older version is on the device [T001-b]', () => {
    const world = coldWorld();
    world.writeback.begin(world.memcg, 64, 1);
    while (world.machine.device?.underWay === 0) assert.ok(world.machine.rt.step());
    const write = submit(world.disk, 'write', 0, PAGE_SIZE, randomPage(5));
    assert.equal(write.finished, false);
    world.machine.settle();
    assert.equal(write.error, 0);
    assert.deepEqual(read(world, slotAt(world, 0)), Buffer.from(randomPage(5)));
    assert.equal(world.machine.swap.backing?.usedPages, 0);
  });

  it('changes a large batch over in pieces, and others read between them', () => {
    const machine = new TestMachine({ codec: createWordCodec(), devicePages: 64 });
    const { disk, memcg } = machine.export('vm', 64);
    const slots = Array.from({ length: 32 }, (_, page) => disk.area.slot(page));
    for (const [i, slot] of slots.entries()) store(machine, slot, memcg, wordPage(i + 1));
    for (const slot of slots) chill(machine, slot);
    const writeback = new Writeback(machine.zswap);
    const world = { machine, disk, memcg, slots, writeback };
    assert.equal(writeback.begin(memcg, 64), false);
    const pieces: number[] = [];
    for (let before = 0; writeback.underWay; before = writeback.written) {
      assert.equal(machine.rt.step(), true);
      if (writeback.written > before) pieces.push(writeback.written - before);
    }
    assert.deepEqual(pieces, [8, 8, 8, 8]);
    assertReads(world);
  });

  it('leaves everything where it is if the device goes while the batch lets others run', () => {
    const machine = new TestMachine({ codec: createWordCodec(), devicePages: 64 });
    const { disk, memcg } = machine.export('vm', 64);
    const slots = Array.from({ length: 20 }, (_, page) => disk.area.slot(page));
    for (const [i, slot] of slots.entries()) store(machine, slot, memcg, wordPage(i + 1));
    for (const slot of slots) chill(machine, slot);
    const writeback = new Writeback(machine.zswap);
    const world = { machine, disk, memcg, slots, writeback };
    // Eight pages are taken, then it is somebody else's turn.
    assert.equal(writeback.begin(memcg, 64), false);
    assert.ok(writeback.collecting);
    machine.zswap.swap.setBacking(undefined);
    machine.settle();
    assert.deepEqual([writeback.underWay, writeback.written], [false, 0]);
    assert.equal(machine.zswap.stats.stored_pages, 20);
    assertReads(world);
  });
});
