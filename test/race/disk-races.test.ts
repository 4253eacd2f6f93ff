/**
 * Goal: over every interleaving that a seeded random scheduler picks, each page of a disk behaves
 * as one atomic register: a read sees the last completed write, or one that overlaps it in time,
 * whole. Method: several clients issue store, load, overwrite, trim, zero and flush requests on few
 * pages, over the code that serves, with a pool so small that pages go both ways; every version of
 * a page is recognisable; all invariants are checked after every step.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Prng } from '../../src/std/prng.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import type { SwapDisk } from '../../src/blk/swap-disk.ts';
import { ClientRequest } from '../support/client.ts';
import { TestMachine, type MachineOptions } from '../support/machine.ts';

interface Version {
  readonly id: number;
  readonly started: number;
  ended: number;
  /** False if it cannot have been written: the request was refused and had this page only. */
  possible: boolean;
  /** False if it may not have been written: the request was refused. */
  certain: boolean;
}

const PAGES = 12;

/** What every page may hold: the versions written to it, in time. */
class PageModel {
  readonly #versions: Version[][] = Array.from({ length: PAGES }, () => [
    { id: 0, started: -2, ended: -1, possible: true, certain: true },
  ]);

  add(page: number, version: Version): void {
    this.#versions[page]?.push(version);
  }

  /** Says why a read of `id` in `[started, ended]` is wrong, or undefined. */
  violation(page: number, id: number, started: number, ended: number): string | undefined {
    const versions = this.#versions[page] ?? [];
    const candidates = versions.filter((v) => v.id === id && v.possible && v.started <= ended);
    if (candidates.length === 0) return `page ${page} holds ${id}, which was never written there`;
    const fresh = candidates.some(
      (v) => !versions.some((w) => w.certain && v.ended < w.started && w.ended < started),
    );
    return fresh ? undefined : `page ${page} holds ${id}, which was overwritten before the read`;
  }
}

/** A page of version `id`: recognisable at both ends and in between, compressible or not. */
function pageOf(id: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  if (id === 0) return page;
  const words = new Uint32Array(page.buffer);
  const prng = new Prng(id);
  const random = id % 3 === 0;
  for (let i = 0; i < words.length; i += 1) words[i] = random ? prng.u32() : id;
  words[0] = id;
  words[words.length - 1] = id;
  return page;
}

function versionOf(page: Uint8Array): number {
  const id = new DataView(page.buffer, page.byteOffset).getUint32(0, true);
  assert.deepEqual(Buffer.compare(page, pageOf(id)), 0, `page of version ${id} is torn`);
  return id;
}

class Race {
  readonly machine: TestMachine;
  readonly #disk: SwapDisk;
  readonly #prng: Prng;
  readonly #model = new PageModel();
  #nextVersion = 1;
  #now = 0;
  refused = 0;
  completed = 0;

  constructor(seed: number, options: MachineOptions) {
    this.machine = new TestMachine({ ...options, seed });
    this.#disk = this.machine.export('vm', PAGES).disk;
    this.#prng = new Prng(seed * 7919);
  }

  run(clients: number, requestsEach: number): void {
    for (let i = 0; i < clients; i += 1) this.#next(requestsEach);
    this.machine.rt.run(2_000_000, () => {
      this.#now += 1;
      this.machine.check();
    });
    assert.equal(this.completed, clients * requestsEach, 'a request never finished');
    assert.equal(this.machine.swap.cache.busySlots, 0, 'a slot is still owned');
    this.#readAll();
    this.#drain();
  }

  #next(left: number): void {
    if (left === 0) return;
    const kinds = ['write', 'write', 'write', 'read', 'read', 'trim', 'zero', 'flush'] as const;
    const op = kinds[this.#prng.below(kinds.length)] ?? 'read';
    const first = this.#prng.below(PAGES);
    const count = op === 'flush' ? 0 : 1 + this.#prng.below(Math.min(5, PAGES - first));
    const started = this.#now;
    const versions: Version[] = [];
    let data: Uint8Array | undefined;
    if (op === 'write' || op === 'trim' || op === 'zero') {
      data = new Uint8Array(count * PAGE_SIZE);
      for (let i = 0; i < count; i += 1) {
        const id = op === 'write' ? this.#nextVersion++ : 0;
        const version = { id, started, ended: Infinity, possible: true, certain: true };
        if (op === 'write') data.set(pageOf(id), i * PAGE_SIZE);
        versions.push(version);
        this.#model.add(first + i, version);
      }
    }
    const request = new ClientRequest(
      this.#disk,
      op,
      first * PAGE_SIZE,
      count * PAGE_SIZE,
      op === 'write' ? data : undefined,
    );
    request.onFinished = () => {
      this.#now += 1;
      this.completed += 1;
      for (const version of versions) {
        version.ended = this.#now;
        if (request.error === 0) continue;
        // A single page that was refused was not written; of several, some may have been.
        version.certain = false;
        if (count === 1) version.possible = false;
      }
      if (request.error !== 0) this.refused += 1;
      else if (op === 'read') this.#verify(request.data, first, started);
      this.machine.rt.wake({ resume: () => this.#next(left - 1) });
    };
    request.start();
  }

  #verify(data: Uint8Array, first: number, started: number): void {
    for (let i = 0; i * PAGE_SIZE < data.length; i += 1) {
      const id = versionOf(data.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
      assert.equal(this.#model.violation(first + i, id, started, this.#now), undefined);
    }
  }

  #readAll(): void {
    if (this.machine.device !== undefined) this.machine.device.readErrors = 0;
    const request = new ClientRequest(this.#disk, 'read', 0, PAGES * PAGE_SIZE).start();
    this.machine.settle();
    assert.equal(request.error, 0);
    this.#verify(request.data, 0, this.#now);
  }

  #drain(): void {
    const request = new ClientRequest(this.#disk, 'trim', 0, PAGES * PAGE_SIZE).start();
    this.machine.settle();
    assert.equal(request.finished, true);
    this.machine.zswap.assertDrained();
    assert.equal(this.machine.zswap.poolTotalSize, 0);
    assert.equal(this.machine.swap.backing?.usedPages ?? 0, 0);
  }
}

const SEEDS = Number(process.env['RACE_SEEDS'] ?? 150);

function forSeeds(options: MachineOptions, body: (race: Race, seed: number) => void): void {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const race = new Race(seed, options);
    try {
      body(race, seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
}

describe('races on one disk', () => {
  it('keeps every page an atomic register while all pages fit in the pool', () => {
    const marks = new Set<string>();
    forSeeds({}, (race) => {
      race.run(4, 20);
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
    forSeeds({ poolPages: 2, devicePages: 64 }, (race) => {
      race.run(4, 20);
      spilled += race.machine.swap.vmstat.pswpout;
    });
    assert.ok(spilled > 0);
  });

  it('does so while the device has few free pages, and refuses what has no place', () => {
    let refused = 0;
    forSeeds({ poolPages: 2, devicePages: 9, biosInFlight: 2 }, (race) => {
      race.run(4, 20);
      refused += race.refused;
    });
    assert.ok(refused > 0);
  });

  it('does so while the device fails', () => {
    let refused = 0;
    forSeeds({ poolPages: 2, devicePages: 64, biosInFlight: 3 }, (race) => {
      assert.ok(race.machine.device !== undefined);
      race.machine.device.writeErrors = 60;
      race.machine.device.readErrors = 30;
      race.run(4, 20);
      refused += race.refused;
    });
    assert.ok(refused > 0);
  });

  it('does so without a device, refusing what the pool does not take', () => {
    let refused = 0;
    forSeeds({ poolPages: 2 }, (race) => {
      race.run(4, 20);
      refused += race.refused;
    });
    assert.ok(refused > 0);
  });

  it('does so when the allocator has no memory', () => {
    let failures = 0;
    forSeeds({ arenaPages: 2, devicePages: 64 }, (race) => {
      race.run(4, 20);
      failures += race.machine.zswap.stats.rejects.reject_alloc_fail;
    });
    assert.ok(failures > 0);
  });

  it('does so when there are no more entries', () => {
    let failures = 0;
    forSeeds({ entryLimit: 3, devicePages: 64 }, (race) => {
      race.run(4, 20);
      failures += race.machine.zswap.stats.rejects.reject_kmemcache_fail;
    });
    assert.ok(failures > 0);
  });
});
