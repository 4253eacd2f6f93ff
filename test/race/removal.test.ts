/**
 * Goal: a disk may be removed at any moment, whatever is under way on it, and its slots and the
 * number of its group given out again at once. Method: clients write, read and trim two disks while
 * batches of both groups are written back, and at some moment one disk is removed and another put
 * in its place; all invariants are checked after every step, every page that is read is compared,
 * and nothing of the removed disk may be left or reach the new one.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { addDisk, removeDisk } from '../../src/blk/disk-lifetime.ts';
import type { SwapDisk } from '../../src/blk/swap-disk.ts';
import type { Memcg } from '../../src/memcg/memcg.ts';
import type { Task } from '../../src/rt/rt.ts';
import { ESHUTDOWN } from '../../src/std/errno.ts';
import { Prng } from '../../src/std/prng.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { ClientRequest } from '../support/client.ts';
import { forSeeds } from '../support/disk-race.ts';
import { TestMachine, type MachineOptions } from '../support/machine.ts';
import { createWordCodec } from '../support/word-codec.ts';

const PAGES = 8;
const REQUESTS = 25;

function pageOf(id: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  new Uint32Array(page.buffer).fill(id);
  return page;
}

/** The only client of one page of a disk: it knows what it must read. */
class PageClient {
  shutDowns = 0;
  left = REQUESTS;
  readonly #disk: SwapDisk;
  readonly #page: number;
  readonly #race: RemovalRace;
  #id = 0;

  constructor(race: RemovalRace, disk: SwapDisk, page: number) {
    this.#race = race;
    this.#disk = disk;
    this.#page = page;
  }

  next(): void {
    if (this.left === 0 || this.shutDowns > 1) return;
    this.left -= 1;
    const op = (['write', 'write', 'read', 'trim'] as const)[this.#race.prng.below(4)] ?? 'read';
    const before = this.#id;
    if (op === 'write') this.#id = this.#race.nextId();
    if (op === 'trim') this.#id = 0;
    const data = op === 'write' ? pageOf(this.#id) : undefined;
    const request = new ClientRequest(this.#disk, op, this.#page * PAGE_SIZE, PAGE_SIZE, data);
    request.onFinished = () => {
      if (request.error === ESHUTDOWN) this.shutDowns += 1;
      else if (op === 'read') this.#verify(request);
      // What the pool and the device have no room for stays as it was.
      else if (request.error !== 0) this.#id = before;
      this.#race.machine.rt.wake({ resume: () => this.next() });
    };
    request.start();
  }

  verifyLast(): void {
    const request = new ClientRequest(this.#disk, 'read', this.#page * PAGE_SIZE, PAGE_SIZE);
    request.start();
    this.#race.machine.settle();
    this.#verify(request);
  }

  #verify(request: ClientRequest): void {
    assert.equal(request.error, 0);
    assert.equal(Buffer.compare(request.data, pageOf(this.#id)), 0, `page ${this.#page}`);
  }
}

class RemovalRace {
  readonly machine: TestMachine;
  readonly prng: Prng;
  readonly #removed: SwapDisk;
  readonly #stays: readonly PageClient[];
  readonly #goes: readonly PageClient[];
  #replacement: SwapDisk | undefined;
  #follows: readonly PageClient[] = [];
  #ids = 0;
  /** Requests and batches that were under way when the removal began. */
  underWay = 0;

  constructor(seed: number, options: MachineOptions) {
    this.machine = new TestMachine({ codec: createWordCodec(), ...options, seed });
    this.prng = new Prng(seed * 7919);
    this.#removed = addDisk(this.machine.zswap, 'goes', PAGES);
    this.#goes = this.#clients(this.#removed);
    this.#stays = this.#clients(addDisk(this.machine.zswap, 'stays', PAGES));
  }

  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  run(): void {
    const { machine } = this;
    for (const client of [...this.#goes, ...this.#stays]) client.next();
    this.#meddle(20 + this.prng.below(150));
    machine.rt.run(2_000_000, machine.check);
    assert.ok(this.#replacement !== undefined, 'the removal never ended');
    for (const client of [...this.#stays, ...this.#follows]) {
      assert.equal(client.left, 0);
      assert.equal(client.shutDowns, 0);
      client.verifyLast();
    }
    for (const disk of [this.#replacement, ...this.#others()]) this.#remove(disk);
    machine.zswap.assertDrained();
    assert.equal(machine.zswap.poolTotalSize, 0);
    assert.equal(machine.swap.backing?.usedPages ?? 0, 0);
    assert.deepEqual([...machine.memcgs.groups()], [machine.memcgs.root]);
    assert.deepEqual(machine.swap.areas, []);
  }

  get shutDowns(): number {
    return this.#goes.reduce((sum, client) => sum + client.shutDowns, 0);
  }

  #clients(disk: SwapDisk): PageClient[] {
    this.#disks.push(disk);
    return Array.from({ length: PAGES }, (_, page) => new PageClient(this, disk, page));
  }

  readonly #disks: SwapDisk[] = [];

  #others(): SwapDisk[] {
    return this.#disks.filter((disk) => disk !== this.#removed && disk !== this.#replacement);
  }

  #remove(disk: SwapDisk): void {
    let gone = false;
    removeDisk(this.machine.zswap, disk, () => (gone = true));
    this.machine.settle();
    assert.ok(gone);
  }

  /** Starts batches of all groups now and then, and the removal after so many turns. */
  #meddle(turns: number): void {
    const { zswap, rt } = this.machine;
    if (this.prng.chance(1, 4)) {
      for (const { memcg } of this.machine.swap.areas) {
        zswap.shrinker.makeRoom(memcg, { resume: () => {} }, { batchWritten: 0 });
      }
    }
    if (turns === 0) {
      this.underWay = this.#removed.underWay + (zswap.shrinker.running ? 1 : 0);
      removeDisk(zswap, this.#removed, () => this.#replace());
    }
    if (turns > -60) rt.wake({ resume: () => this.#meddle(turns - 1) });
  }

  /** The new disk has the slots and the number of the old one, and may not be written back. */
  #replace(): void {
    const { area } = this.#removed;
    const replacement = addDisk(this.machine.zswap, 'follows', PAGES);
    assert.equal(replacement.area.firstSlot, area.firstSlot);
    assert.equal(replacement.area.memcg.id, area.memcg.id);
    replacement.area.memcg.setWriteback(false);
    this.#replacement = replacement;
    this.#follows = this.#clients(replacement);
    for (const client of this.#follows) client.next();
  }

  /** Pages of the new disk that were written back although they may not be. */
  get strays(): number {
    return this.#replacement?.area.memcg.events.zswpwb ?? 0;
  }
}

function removals(options: MachineOptions): { underWay: number; shutDowns: number } {
  let underWay = 0;
  let shutDowns = 0;
  forSeeds((seed) => {
    const race = new RemovalRace(seed, options);
    race.run();
    assert.equal(race.strays, 0, 'a batch of the removed group has taken pages of the new one');
    underWay += race.underWay;
    shutDowns += race.shutDowns;
  }, 60);
  return { underWay, shutDowns };
}

describe('a disk removed while it is in use', () => {
  it('leaves nothing while all pages fit in the pool', () => {
    const { underWay, shutDowns } = removals({});
    assert.ok(underWay > 0 && shutDowns > 0);
  });

  it('leaves nothing while pages are written back and refused ones go to the device', () => {
    const { underWay, shutDowns } = removals({ poolPages: 4, devicePages: 96 });
    assert.ok(underWay > 0 && shutDowns > 0);
  });

  it('leaves nothing while the device is nearly full and has few requests in flight', () => {
    const { underWay } = removals({ poolPages: 3, devicePages: 12, biosInFlight: 2 });
    assert.ok(underWay > 0);
  });

  it('leaves nothing while writes fail', () => {
    forSeeds((seed) => {
      const race = new RemovalRace(seed, { poolPages: 3, devicePages: 64, biosInFlight: 2 });
      assert.ok(race.machine.device !== undefined);
      race.machine.device.writeErrors = 60;
      race.run();
      assert.equal(race.strays, 0);
    });
  });
});

describe('a batch that outlives its group', () => {
  // Schedules at random hardly ever leave a task alone for so long, so this one is made by hand.
  function heldBatch(): { machine: TestMachine; memcg: Memcg; release: () => void } {
    const machine = new TestMachine({ codec: createWordCodec(), devicePages: 64 });
    const { disk, memcg } = machine.export('goes', PAGES);
    writePages(machine, disk);
    useUpSecondChances(machine, memcg);
    const held: Task[] = [];
    const point = machine.rt.point.bind(machine.rt);
    machine.rt.point = (name, task) => {
      if (name !== 'zswap.writeback.picked') return false;
      held.push(task);
      return true;
    };
    assert.ok(machine.zswap.shrinker.makeRoom(memcg, { resume: () => {} }, { batchWritten: 0 }));
    let gone = false;
    removeDisk(machine.zswap, disk, () => (gone = true));
    machine.settle();
    assert.deepEqual([gone, held.length], [true, 1]);
    machine.rt.point = point;
    return { machine, memcg, release: () => held[0]?.resume() };
  }

  function writePages(machine: TestMachine, disk: SwapDisk): void {
    // Downwards, because the entry that was freed last is the first to be used again.
    for (let page = PAGES - 1; page >= 0; page -= 1) {
      new ClientRequest(disk, 'write', page * PAGE_SIZE, PAGE_SIZE, pageOf(page + 1)).start();
      machine.settle();
    }
  }

  /** New entries are passed over once; a batch that finds only such ones ends at once. */
  function useUpSecondChances(machine: TestMachine, memcg: Memcg): void {
    assert.equal(
      machine.zswap.shrinker.makeRoom(memcg, { resume: () => {} }, { batchWritten: 0 }),
      false,
    );
  }

  it('writes nothing of the one that has its slots, its entries and its number now', () => {
    const { machine, memcg, release } = heldBatch();
    const next = machine.export('follows', PAGES);
    assert.equal(next.memcg.id, memcg.id);
    writePages(machine, next.disk);
    useUpSecondChances(machine, next.memcg);
    next.memcg.setWriteback(false);
    release();
    machine.settle();
    assert.equal(machine.zswap.shrinker.running, false);
    assert.equal(machine.zswap.stats.stored_pages, PAGES);
    assert.equal(machine.zswap.stats.written_back_pages, 0);
    // It has looked at the one that it had picked and at no other.
    assert.equal(machine.zswap.stats.reject_reclaim_fail, 1);
  });

  it('ends when there is nobody in its place', () => {
    const { machine, release } = heldBatch();
    release();
    machine.settle();
    machine.zswap.assertDrained();
    assert.deepEqual(machine.swap.areas, []);
  });
});
