/**
 * Where a scenario is played: a world, its disks and its actors, and what is checked of them. What
 * is done with {@link Stage.now} happens before the play, in one order; what actors do is
 * interleaved.
 */
import { present } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { Codec } from '../../codec/codec.ts';
import { MM_INVARIANTS } from '../../mm/invariants.ts';
import { Mm, type MmOptions } from '../../mm/mm.ts';
import { Payload } from '../../blk/payload.ts';
import { DEVICE_RULES, checkInvariants, checkLeft } from '../checkers/engine-rules.ts';
import type { Violation } from '../engine/failure.ts';
import type { Trial } from '../engine/execution.ts';
import type { SimRt } from '../engine/rt-sim.ts';
import { Actor, type Action } from './actor.ts';
import type { Place } from './client.ts';
import { DiskActions } from './disk-actions.ts';
import { MemoryActions } from './memory-actions.ts';
import { watchSlots, watchStaging, watchedCodec } from './watch.ts';
import { createWordCodec } from './word-codec.ts';
import { World, type WorldOptions } from './world.ts';

/** Steps that what is not interleaved may take. */
const SEQUENTIAL_BUDGET = 2000;
/** Actors at most, and bytes of a request of one of them at most. */
const PLACES = 6;
const PLACE_BYTES = 4 * PAGE_SIZE;
/** Bytes of a chunk of the arena. */
const CHUNK_BYTES = 1 << 17;

/** What of an address space a scenario chooses. */
export type SpaceOptions = Pick<MmOptions, 'swapinMode' | 'largeSwapin' | 'pageCluster'>;

export class Stage implements Trial {
  readonly world: World;
  readonly rt: SimRt;
  readonly #disks: DiskActions[] = [];
  readonly #memories: MemoryActions[] = [];
  #mm: Mm | undefined;
  readonly #actors: Actor[] = [];
  readonly #placed: string[] = [];
  readonly #payload = new Payload(PLACES * PLACE_BYTES);
  /** Somebody lies or fails, so a read may end with an error; never with what was not written. */
  readsMayFail = false;
  /** The same for good: pages may be lost. */
  mayLosePages = false;
  /** An access may find no memory. */
  mayLackMemory = false;
  /** Nothing in the pool can be decompressed now. */
  corruptPool = false;
  #violation: Violation | undefined;
  #atEnd: () => string | undefined = () => undefined;

  constructor(rt: SimRt, options: WorldOptions) {
    this.rt = rt;
    this.world = new World(rt, { chunkBytes: CHUNK_BYTES, codec: this.codec(0), ...options });
    watchSlots(this.world);
    watchStaging(rt, this.#payload);
  }

  /** A compressor; those of different keys do not understand each other. */
  codec(key: number): Codec {
    const whole = (): boolean => !this.corruptPool;
    return watchedCodec(createWordCodec(key), this.rt, this.#payload, whole);
  }

  /** Adds a disk with a group of its own, below another one if that is given. */
  disk(name: string, pages: number, parent?: Memcg): DiskActions {
    const disk = new DiskActions(this, name, pages, parent);
    this.#disks.push(disk);
    return disk;
  }

  /** Makes the address space, with so many frames and swap slots. */
  space(framePages: number, swapPages: number, options: SpaceOptions = {}): Mm {
    const { rt, swap, zswap, memcgs } = this.world;
    this.#mm = new Mm({ rt, swap, zswap, memcgs, framePages, pageCluster: 0, ...options });
    this.#mm.swapon(swap.swapon('swap', swapPages, memcgs.root));
    return this.#mm;
  }

  /** Makes a region of the address space, with a group of its own. */
  memory(name: string, pages: number, orderMax = 0): MemoryActions {
    const mm = present(this.#mm);
    const region = mm.map(name, this.world.memcgs.create(name), pages, orderMax);
    const memory = new MemoryActions(this, mm, region);
    this.addMemory(memory);
    return memory;
  }

  addMemory(memory: MemoryActions): void {
    this.#memories.push(memory);
  }

  /** A disk has been removed: its pages are no longer read at the end. */
  forget(disk: DiskActions): void {
    this.#disks.splice(this.#disks.indexOf(disk), 1);
  }

  /** Does something before the play, to its end. */
  now(...actions: readonly Action[]): void {
    const actor = new Actor(this.rt, 'before', actions);
    this.rt.runInOrder(SEQUENTIAL_BUDGET);
    if (!actor.finished) this.report('nobodyWaitsForEver', `before the play: ${actor.label}`);
  }

  /** Adds somebody to the play. */
  actor(name: string, ...actions: readonly Action[]): void {
    this.#actors.push(new Actor(this.rt, name, actions));
  }

  /** Something done in one section. */
  act(label: string, body: () => void): Action {
    return {
      label,
      begin: () => {
        body();
        return true;
      },
    };
  }

  /** Something that can be made only when its turn comes. */
  later(label: string, make: () => Action): Action {
    return { label, begin: (actor) => make().begin(actor) };
  }

  /**
   * Where the payload of an actor's request lies; all share one staging page. Undefined for one
   * that is too long for it.
   */
  placeOf(actor: Actor, bytes: number): Place | undefined {
    if (bytes > PLACE_BYTES) return undefined;
    let index = this.#placed.indexOf(actor.name);
    if (index < 0) index = this.#placed.push(actor.name) - 1;
    return { payload: this.#payload, offset: index * PLACE_BYTES };
  }

  /** A check of the scenario's own, once everybody has finished. */
  atEnd(check: () => string | undefined): void {
    this.#atEnd = check;
  }

  /** Notes a violation; the first one counts. */
  report(name: string, message: string): void {
    this.#violation ??= { name, message };
  }

  check(): Violation | undefined {
    return this.#violation ?? checkInvariants(this.world.zswap) ?? this.#checkMemory();
  }

  #checkMemory(): Violation | undefined {
    if (this.#mm === undefined) return undefined;
    for (const invariant of MM_INVARIANTS) {
      const message = invariant(this.#mm);
      if (message !== undefined) return { name: invariant.name, message };
    }
    return undefined;
  }

  /** Ends all regions, the swap areas and the frames; says what is left of them. */
  #endMemory(): Violation | undefined {
    const mm = this.#mm;
    if (mm === undefined) return undefined;
    for (const memory of this.#memories) for (const action of memory.end()) this.now(action);
    const { areas, frames, swapCache, reclaim, readahead } = mm;
    const left = {
      frames: frames.usedPages,
      slots: areas.usedSlots,
      'cached folios': swapCache.size,
      'runs of reclaim': reclaim.running,
      'runs of readahead': readahead.underWay,
      charges: this.world.memcgs.root.framePages,
    };
    const found = Object.entries(left).filter(([, count]) => count !== 0);
    if (found.length > 0) {
      const message = found.map(([what, count]) => `${count} ${what}`).join(', ');
      return { name: 'nothingIsLeftAtTheEnd', message };
    }
    for (const { area } of areas.all) {
      areas.remove(area);
      this.world.swap.swapoff(area);
    }
    for (const { memcg } of this.#memories) if (memcg.online) this.world.memcgs.offline(memcg);
    return undefined;
  }

  finish(): Violation | undefined {
    const waiting = this.#actors.filter((actor) => !actor.finished);
    if (waiting.length > 0) {
      const names = waiting.map((actor) => `${actor.name} at ${actor.label}`);
      return { name: 'nobodyWaitsForEver', message: `nothing can run, and ${names.join(', ')}` };
    }
    const wrong = this.#atEnd();
    if (wrong !== undefined) return { name: 'scenario', message: wrong };
    const { device } = this.world;
    if (device !== undefined) for (const rule of DEVICE_RULES) device[rule] = 0;
    this.corruptPool = false;
    this.readsMayFail = this.mayLosePages;
    this.mayLackMemory = false;
    for (const disk of this.#disks) {
      for (let page = 0; page < disk.pages; page += 1) this.now(disk.read(page));
      this.now(disk.trim(0, disk.pages));
    }
    const left = this.#endMemory();
    if (left !== undefined) return this.#violation ?? left;
    // Each leaves the list when it has gone.
    const disks = this.#disks.slice();
    for (const disk of disks) this.now(disk.remove());
    return this.check() ?? checkLeft(this.world);
  }

  digest(): string {
    const { stats, reachedFull, pools } = this.world.zswap;
    const { usedPages = 0, writingPages = 0 } = this.world.swap.backing ?? {};
    const numbers = [stats.stored_pages, pools.totalPages(), usedPages, writingPages, reachedFull];
    const disks = [...this.#disks, ...this.#memories].map((each) => each.digest());
    const used = this.#mm === undefined ? [] : [this.#mm.frames.usedPages];
    const actors = this.#actors.map((actor) => (actor.finished ? 'done' : actor.label));
    return [...numbers, ...used, ...disks, ...actors].join(' ');
  }

  /** The device, which the scenario's world has. */
  get device(): NonNullable<World['device']> {
    return present(this.world.device);
  }
}
