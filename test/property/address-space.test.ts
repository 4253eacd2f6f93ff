/**
 * Goal: whatever actors do to regions that share folios, frames and slots, each reads what it wrote
 * last. Method: random operations in random interleavings over so few frames, so small a pool and
 * so faulty a device that everything swaps all the time, beside a flat model; each actor has its
 * own pages, one beside the other, so that a folio has pages of several. All invariants are checked
 * on the way.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Access, type AccessResult } from '../../src/mm/access.ts';
import { copyRegion } from '../../src/mm/copy.ts';
import { Discard } from '../../src/mm/discard.ts';
import { unpinFolio } from '../../src/mm/folio-life.ts';
import { MM_INVARIANTS } from '../../src/mm/invariants.ts';
import { Mm, type LargeSwapin, type SwapinMode } from '../../src/mm/mm.ts';
import { Pageout } from '../../src/mm/pageout.ts';
import type { Region } from '../../src/mm/region.ts';
import type { Pfn } from '../../src/page/frames.ts';
import { SimRt } from '../../src/sim/engine/rt-sim.ts';
import { World } from '../../src/sim/world/world.ts';
import { createWordCodec } from '../../src/sim/world/word-codec.ts';
import { Prng } from '../../src/std/prng.ts';
import { ENOMEM } from '../../src/std/errno.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { createZpool } from '../../src/zpool/open.ts';
import { INVARIANTS } from '../../src/zswap/invariants.ts';

interface Options {
  readonly seed: number;
  readonly actors: number;
  readonly pages: number;
  readonly frames: number;
  readonly poolPages: number;
  readonly devicePages: number;
  readonly orderMax: number;
  readonly swapinMode: SwapinMode;
  readonly largeSwapin: LargeSwapin;
  readonly steps: number;
  readonly errors: number;
}

class Machine {
  readonly world: World;
  readonly mm: Mm;
  readonly random: Prng;
  readonly options: Options;
  failures = 0;
  operations = 0;

  constructor(options: Options) {
    this.options = options;
    this.random = new Prng(options.seed);
    this.world = new World(new SimRt(options.seed), {
      poolPages: options.poolPages,
      devicePages: options.devicePages,
      chunkBytes: 64 * 1024,
    });
    const { rt, swap, zswap, memcgs } = this.world;
    this.mm = new Mm({
      rt,
      swap,
      zswap,
      memcgs,
      framePages: options.frames,
      swapinMode: options.swapinMode,
      largeSwapin: options.largeSwapin,
      pageCluster: options.seed % 4,
    });
    if (options.seed % 8 > 4) this.mm.readahead.mode = 'cluster';
    this.mm.swapon(swap.swapon('swap', 4096, memcgs.root));
  }

  readonly check = (): void => {
    for (const [name, invariant] of Object.entries(INVARIANTS)) {
      const violation = invariant(this.world.zswap);
      assert.equal(violation, undefined, `${name}: ${violation}`);
    }
    for (const invariant of MM_INVARIANTS) {
      const violation = invariant(this.mm);
      assert.equal(violation, undefined, `${invariant.name}: ${violation}`);
    }
  };
}

class Actor {
  readonly #machine: Machine;
  readonly #region: Region;
  readonly #number: number;
  readonly #access: Access;
  readonly #discard: Discard;
  readonly #pageout: Pageout;
  readonly #model: Uint32Array;
  readonly #buffer = new Uint8Array(PAGE_SIZE);
  #pin = 0 as Pfn;
  #page = 0;
  #op = '';
  #word = 0;
  left: number;

  constructor(machine: Machine, region: Region, number: number, steps: number) {
    this.#machine = machine;
    this.#region = region;
    this.#number = number;
    this.#access = new Access(machine.mm);
    this.#discard = new Discard(machine.mm);
    this.#pageout = new Pageout(machine.mm);
    this.#access.onEnd = (_, result) => this.#ended(result);
    this.#discard.onEnd = () => this.#ended('done');
    this.#pageout.onEnd = () => this.#ended('done');
    this.#model = new Uint32Array(region.pageCount);
    this.left = steps;
    machine.world.rt.nameTask(this.#access, `actor ${number}`);
  }

  /** A copy of what this actor's pages hold, for a copy of the region. */
  adopt(other: Actor): void {
    this.#model.set(other.#model);
  }

  readonly next: { resume(): void } = { resume: () => this.#next() };

  #next(): void {
    if (this.left === 0) {
      if (this.#pin !== 0) unpinFolio(this.#machine.mm, this.#machine.mm.folios.head(this.#pin));
      this.#pin = 0 as Pfn;
      return;
    }
    this.left -= 1;
    this.#machine.operations += 1;
    const { random, options } = this.#machine;
    const own = Math.floor(options.pages / options.actors);
    this.#page = random.below(own) * options.actors + this.#number;
    const at = this.#page * PAGE_SIZE;
    const dice = random.below(20);
    if (dice < 7) this.#begin('read', at);
    else if (dice < 14) {
      this.#word = random.below(6) === 0 ? 0 : random.below(2 ** 31);
      new Uint32Array(this.#buffer.buffer).fill(this.#word);
      this.#begin('write', at);
    } else if (dice < 16) {
      this.#op = 'discard';
      if (this.#discard.begin(this.#region, this.#page, this.#page + 1)) this.#ended('done');
    } else if (dice < 18) {
      this.#op = 'pageout';
      const end = Math.min(options.pages, this.#page + random.below(options.pages));
      if (this.#pageout.begin(this.#region, this.#page, end)) this.#ended('done');
    } else if (this.#pin === 0) this.#begin('pin', at);
    else {
      this.#op = 'unpin';
      unpinFolio(this.#machine.mm, this.#machine.mm.folios.head(this.#pin));
      this.#pin = 0 as Pfn;
      this.#ended('done');
    }
  }

  #begin(op: 'read' | 'write' | 'pin', at: number): void {
    this.#op = op;
    const nowait = this.#machine.random.below(8) === 0;
    const result = this.#access.begin(op, this.#region, at, PAGE_SIZE, this.#buffer, { nowait });
    if (result !== 'waiting') this.#ended(result);
  }

  #ended(result: AccessResult): void {
    if (result === 'failed' || result === 'blocked') {
      if (result === 'failed') this.#machine.failures += 1;
      const mayFail = this.#machine.options.errors > 0 || this.#access.error === ENOMEM;
      assert.ok(result === 'blocked' || mayFail, `error ${this.#access.error}`);
    } else this.#verify();
    this.#machine.world.rt.wake(this.next);
  }

  #verify(): void {
    const { mm } = this.#machine;
    if (this.#op === 'write') this.#model[this.#page] = this.#word;
    if (this.#op === 'discard') this.#model[this.#page] = 0;
    if (this.#op === 'pin') {
      this.#pin = this.#access.pfn;
      this.#expect(mm.frames.view(this.#pin));
    }
    if (this.#op === 'read') this.#expect(this.#buffer);
  }

  #expect(page: Uint8Array): void {
    const word = this.#model[this.#page] ?? 0;
    const words = new Uint32Array(page.slice().buffer);
    assert.ok(
      words.every((each) => each === word),
      `actor ${this.#number}: page ${this.#page} holds ${words[0]}, not ${word}`,
    );
  }
}

function run(options: Options): Machine {
  const machine = new Machine(options);
  const { mm, world } = machine;
  const group = world.memcgs.create('tenant');
  const other = world.memcgs.create('other');
  if (options.seed % 3 === 0) group.setMemoryMax(Math.ceil(options.frames / 2) * PAGE_SIZE);
  if (options.seed % 5 === 0) other.setZswapMax(2 * PAGE_SIZE);
  if (world.device !== undefined) {
    world.device.readErrors = options.errors;
    world.device.writeErrors = options.errors;
  }
  const region = mm.map('region', group, options.pages, options.orderMax);
  const actors: Actor[] = [];
  const steps = Math.floor(options.steps / options.actors / 2);
  for (let i = 0; i < options.actors; i += 1) actors.push(new Actor(machine, region, i, steps));
  for (const actor of actors) world.rt.wake(actor.next);
  let checked = 0;
  const sometimes = (): void => {
    checked += 1;
    if (checked % 200 === 0) machine.check();
  };
  world.rt.run(300_000, sometimes);
  machine.check();
  // Second half: the region and a copy of it, and another compressor.
  world.zswap.setCurrentPool(createWordCodec(1), 'zbud', (cells) =>
    createZpool('zbud', world.arena, cells),
  );
  const copy = copyRegion(mm, region, 'copy', other);
  for (const actor of [...actors]) {
    actor.left = steps;
    const twin = new Actor(machine, copy, actors.indexOf(actor), steps);
    twin.adopt(actor);
    actors.push(twin);
  }
  for (const actor of actors) world.rt.wake(actor.next);
  world.rt.run(300_000, sometimes);
  world.rt.run(300_000, sometimes);
  machine.check();
  assert.ok(
    actors.every(({ left }) => left === 0),
    'an actor waits for ever',
  );
  for (const each of [region, copy]) {
    new Discard(mm).begin(each, 0, each.pageCount);
    each.mapped = false;
  }
  world.rt.run(1_000_000, machine.check);
  mm.forget(region);
  mm.forget(copy);
  assert.equal(mm.frames.usedPages, 0, 'frames are left');
  assert.equal(mm.areas.usedSlots, 0, 'slots are left');
  assert.equal(group.framePages + other.framePages, 0, 'charges are left');
  world.zswap.assertDrained();
  return machine;
}

const SEEDS = Number(process.env['MM_SEEDS'] ?? 12);
const STEPS = Number(process.env['MM_STEPS'] ?? 800);

describe('address space', () => {
  for (const swapinMode of ['cache', 'direct'] as const) {
    for (const largeSwapin of ['mixed', 'never-with-zswap'] as const) {
      it(`reads what was written last (${swapinMode}, large folios ${largeSwapin})`, () => {
        for (let i = 0; i < SEEDS; i += 1) {
          const seed = Number(process.env['MM_SEED'] ?? 1) + i;
          const options: Options = {
            seed,
            actors: 1 + (seed % 4),
            pages: 16 + (seed % 3) * 16,
            frames: 4 + (seed % 5) * 3,
            poolPages: seed % 4 === 3 ? 1000 : 3 + (seed % 3),
            devicePages: seed % 7 === 6 ? 8 : 400,
            orderMax: seed % 2 === 0 ? 0 : 1 + (seed % 3),
            swapinMode,
            largeSwapin,
            steps: STEPS,
            errors: seed % 6 === 5 ? 20 : 0,
          };
          try {
            run(options);
          } catch (error) {
            throw new Error(`with ${JSON.stringify(options)}`, { cause: error });
          }
        }
      });
    }
  }
});
