/**
 * A race on one disk: clients with random requests on few pages, under a seeded schedule, with all
 * invariants checked after every step and every read checked against what each page may hold.
 */
import assert from 'node:assert/strict';
import { Payload } from '../../src/blk/payload.ts';
import type { BlkOp } from '../../src/blk/request.ts';
import type { SwapDisk } from '../../src/blk/swap-disk.ts';
import type { Memcg } from '../../src/memcg/memcg.ts';
import { PageModel, newVersion, type Version } from '../../src/sim/checkers/page-model.ts';
import { pageOf, versionOf } from '../../src/sim/world/versions.ts';
import { Prng } from '../../src/std/prng.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { ClientRequest } from './client.ts';
import { TestMachine, type MachineOptions } from './machine.ts';
import { createWordCodec } from './word-codec.ts';

export const RACE_PAGES = 12;
/** Pages of one request at most. */
const REQUEST_PAGES = 5;
const CLIENTS = 4;

/** What happens beside the requests. */
export interface RaceOptions extends MachineOptions {
  /** Changes the machine before anything runs: how a deliberately broken variant is made. */
  readonly prepare?: (machine: TestMachine, memcg: Memcg) => void;
  /** Writes get their payload bit by bit, and some are given up before its end. */
  readonly inParts?: boolean;
  /** Done again and again while requests run, between any two of their sections. */
  readonly meddle?: (machine: TestMachine, memcg: Memcg, prng: Prng) => void;
}

/** Clients of one disk that get in each other's way, and the model that knows what each may see. */
export class Race {
  readonly machine: TestMachine;
  readonly #memcg: Memcg;
  readonly #meddle: RaceOptions['meddle'];
  readonly #inParts: boolean;
  readonly #disk: SwapDisk;
  readonly #prng: Prng;
  readonly #model = new PageModel(RACE_PAGES);
  readonly #payload = new Payload((CLIENTS + 1) * REQUEST_PAGES * PAGE_SIZE);
  #nextVersion = 1;
  #now = 0;
  refused = 0;
  abandoned = 0;
  completed = 0;

  constructor(seed: number, options: RaceOptions) {
    this.machine = new TestMachine({ codec: createWordCodec(), ...options, seed });
    const { disk, memcg } = this.machine.export('vm', RACE_PAGES);
    this.#disk = disk;
    this.#memcg = memcg;
    this.#prng = new Prng(seed * 7919);
    this.#meddle = options.meddle;
    this.#inParts = options.inParts ?? false;
    options.prepare?.(this.machine, memcg);
  }

  /** Runs all clients with so many requests each to the end; throws what the checks find. */
  run(requestsEach = 20): void {
    for (let client = 0; client < CLIENTS; client += 1) this.#next(client, requestsEach);
    if (this.#meddle !== undefined) this.#meddleUntil(CLIENTS * requestsEach);
    this.machine.rt.run(2_000_000, () => {
      this.#now += 1;
      this.machine.check();
    });
    assert.equal(this.completed, CLIENTS * requestsEach, 'a request never finished');
    assert.equal(this.machine.swap.cache.busySlots, 0, 'a slot is still owned');
    this.#readAll();
    this.#drain();
  }

  #meddleUntil(requests: number): void {
    this.#meddle?.(this.machine, this.#memcg, this.#prng);
    if (this.completed === requests) return;
    this.machine.rt.wake({ resume: () => this.#meddleUntil(requests) });
  }

  #next(client: number, left: number): void {
    if (left === 0) return;
    const kinds = ['write', 'write', 'write', 'read', 'read', 'trim', 'zero', 'flush'] as const;
    const op = kinds[this.#prng.below(kinds.length)] ?? 'read';
    const first = this.#prng.below(RACE_PAGES);
    const count =
      op === 'flush' ? 0 : 1 + this.#prng.below(Math.min(REQUEST_PAGES, RACE_PAGES - first));
    const started = this.#now;
    const versions: Version[] = [];
    let data: Uint8Array | undefined;
    if (op === 'write' || op === 'trim' || op === 'zero') {
      data = new Uint8Array(count * PAGE_SIZE);
      for (let i = 0; i < count; i += 1) {
        const zeros = op !== 'write' || this.#prng.chance(1, 6);
        const id = zeros ? 0 : this.#nextVersion++;
        const version = newVersion(id, started);
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
      // At odd places of one buffer, so that all share one staging page.
      { payload: this.#payload, offset: client * REQUEST_PAGES * PAGE_SIZE + client },
    );
    request.onFinished = () => {
      this.#now += 1;
      this.completed += 1;
      for (const [i, version] of versions.entries()) {
        version.ended = this.#now;
        if (request.error === 0) {
          // A write that was given up stops between two pages.
          const written = request.request.done >= (i + 1) * PAGE_SIZE;
          version.possible = version.certain = written;
          continue;
        }
        // A single page that was refused was not written; of several, some may have been.
        version.certain = false;
        if (count === 1) version.possible = false;
      }
      if (request.error !== 0) this.#checkRefused(op);
      else if (op === 'read') this.#verify(request.data, first, started);
      this.machine.rt.wake({ resume: () => this.#next(client, left - 1) });
    };
    const inParts = this.#inParts && op === 'write';
    if (inParts) request.request.available = 0;
    request.start();
    if (inParts) this.#feed(request);
  }

  /** Brings a write some more of its payload, or gives it up, until it has ended. */
  #feed(request: ClientRequest): void {
    if (request.finished) return;
    const { available, length } = request.request;
    if (available < length && this.#prng.chance(1, 30)) {
      this.abandoned += 1;
      request.abandon();
      return;
    }
    request.feed(Math.min(length, available + this.#prng.below(2 * PAGE_SIZE)));
    this.machine.rt.wake({ resume: () => this.#feed(request) });
  }

  /** Writes may be refused, reads only by a device that fails, and the others never. */
  #checkRefused(op: BlkOp): void {
    this.refused += 1;
    const mayFail = op === 'read' && (this.machine.device?.readErrors ?? 0) > 0;
    assert.ok(op === 'write' || mayFail, `a ${op} was refused`);
  }

  #verify(data: Uint8Array, first: number, started: number): void {
    for (let i = 0; i * PAGE_SIZE < data.length; i += 1) {
      const id = versionOf(data.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
      assert.ok(id !== undefined, `page ${first + i} is torn`);
      assert.equal(this.#model.violation(first + i, id, started, this.#now), undefined);
    }
  }

  #readAll(): void {
    if (this.machine.device !== undefined) this.machine.device.readErrors = 0;
    const request = new ClientRequest(this.#disk, 'read', 0, RACE_PAGES * PAGE_SIZE).start();
    this.machine.settle();
    assert.equal(request.error, 0);
    this.#verify(request.data, 0, this.#now);
  }

  #drain(): void {
    const request = new ClientRequest(this.#disk, 'trim', 0, RACE_PAGES * PAGE_SIZE).start();
    this.machine.settle();
    assert.equal(request.finished, true);
    this.machine.zswap.assertDrained();
    assert.equal(this.machine.zswap.poolTotalSize, 0);
    assert.equal(this.machine.swap.backing?.usedPages ?? 0, 0);
  }
}

/** Schedules of each scenario; more with the environment's RACE_SEEDS. */
export const RACE_SEEDS: number = Number(process.env['RACE_SEEDS'] ?? 30);

/** Runs `body` for each seed, and names the seed that fails. */
export function forSeeds(body: (seed: number) => void, seeds: number = RACE_SEEDS): void {
  for (let seed = 1; seed <= seeds; seed += 1) {
    try {
      body(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
}

/** Races of one kind under each seed. */
export function races(options: RaceOptions, body: (race: Race) => void): void {
  forSeeds((seed) => body(new Race(seed, options)));
}
