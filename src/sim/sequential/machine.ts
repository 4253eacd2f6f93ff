/**
 * The engine of the sequential suite with what it must hold: a whole world, disks with the bytes
 * that were last written to them, and a way to do one thing to its end. After each, nothing may be
 * under way and every invariant must hold.
 */
import { InvariantError, assert, present } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { removeDisk } from '../../blk/disk-lifetime.ts';
import type { BlkOp } from '../../blk/request.ts';
import type { SwapDisk } from '../../blk/swap-disk.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { SwapSlot } from '../../swap/table.ts';
import { checkInvariants } from '../checkers/engine-rules.ts';
import { SimRt } from '../engine/rt-sim.ts';
import { RandomScheduler } from '../schedulers/random.ts';
import { SequentialScheduler } from '../schedulers/sequential.ts';
import { Actor, type Action } from '../world/actor.ts';
import { ClientRequest } from '../world/client.ts';
import { World } from '../world/world.ts';
import { DISK_PAGES, type Plan } from './plan.ts';

/** Steps that one operation may take, with all that it sets going. */
const STEPS_MAX = 5000;
/** Turns of the microtask queue that a verb written with promises may take between two steps. */
const TURNS = 20;
/** Pages of zspages that the pages of one disk may take at most. */
const ROOM_PAGES = 8 * DISK_PAGES;
/** Bytes of the arena's chunks: small ones are quickly made. */
const CHUNK_BYTES = 1 << 17;

/** A disk, and what it must hold. */
export interface ModelDisk {
  readonly disk: SwapDisk;
  readonly memcg: Memcg;
  readonly bytes: Uint8Array;
}

/** What backs a page, and how many bytes that takes in the pool. */
export interface Backed {
  readonly kind: 'free' | 'zero' | 'entry' | 'device';
  readonly length: number;
}

/** Something is not as it must be. */
export class SequentialError extends Error {
  override readonly name = 'SequentialError';
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new SequentialError(message);
}

export class Machine {
  readonly rt: SimRt;
  readonly world: World;
  readonly disks: ModelDisk[] = [];
  /** The arena may run out. */
  readonly #isShort: boolean;
  #made = 0;

  constructor(plan: Plan, seed: number) {
    this.rt = new SimRt(new SequentialScheduler(new RandomScheduler(seed)));
    this.#isShort = plan.arenaPages !== undefined;
    this.world = new World(this.rt, {
      poolPages: plan.poolPages,
      devicePages: plan.devicePages,
      chunkBytes: CHUNK_BYTES,
      ...(plan.arenaPages === undefined ? {} : { arenaPages: plan.arenaPages }),
    });
  }

  addDisk(): void {
    this.#made += 1;
    const { disk, memcg } = this.world.export(`disk ${this.#made}`, DISK_PAGES);
    this.disks.push({ disk, memcg, bytes: new Uint8Array(DISK_PAGES * PAGE_SIZE) });
  }

  removeDisk(model: ModelDisk): void {
    this.disks.splice(this.disks.indexOf(model), 1);
    const { disk } = model;
    this.perform({
      label: `remove ${disk.name}`,
      begin: (actor) => {
        removeDisk(this.world.zswap, disk, () => actor.done());
        return false;
      },
    });
    const { swap, memcgs } = this.world;
    check(!swap.areas.includes(disk.area), 'the area of a removed disk is still there');
    check(![...memcgs.groups()].includes(model.memcg), 'so is its group');
  }

  /** A disk by number, from the first again after the last. */
  diskOf(number: number): ModelDisk {
    return present(this.disks[number % this.disks.length]);
  }

  slot(model: ModelDisk, page: number): SwapSlot {
    return model.disk.area.slot(page);
  }

  /** What backs every page of a disk. */
  backingOf(model: ModelDisk): readonly Backed[] {
    const { swap, zswap } = this.world;
    return Array.from({ length: DISK_PAGES }, (_, page) => {
      const slot = this.slot(model, page);
      const kind = swap.table.kind(slot);
      const length = kind === 'entry' ? zswap.entries.lengthOf(swap.table.payload(slot)) : 0;
      return { kind, length };
    });
  }

  /** Says whether nothing speaks against storing a page of a disk, or a disk full of them. */
  hasRoom({ memcg }: ModelDisk): boolean {
    const { params, zswap } = this.world;
    const pages = zswap.pools.totalPages() + ROOM_PAGES;
    const isRoomy = params.enabled && !zswap.reachedFull && pages <= params.maxPages();
    // The other allocators refuse pages that hardly compress.
    const takesAll = zswap.pools.current?.zpool.name === 'zsmalloc' && !this.#isShort;
    return isRoomy && takesAll && memcg.zswapMax === Infinity && memcg.writebackEnabled();
  }

  /** Sends one request and waits for its end. */
  request(
    { disk }: ModelDisk,
    op: BlkOp,
    offset: number,
    length: number,
    data?: Uint8Array,
  ): ClientRequest {
    const request = new ClientRequest(disk, op, offset, length, data);
    this.perform({
      label: `${op} ${offset} + ${length}`,
      begin: (actor) => {
        this.rt.nameTask(request.task, actor.name);
        request.onFinished = () => actor.done();
        request.start();
        return false;
      },
    });
    return request;
  }

  /** Waits for a verb written with promises. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const noted = promise.finally(() => {
      settled = true;
    });
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      for (let turn = 0; turn < TURNS && !settled; turn += 1) await Promise.resolve();
      const moved = this.rt.step();
      if (settled && !moved) return noted;
      check(moved || !settled, 'a promise never settles');
    }
    throw new SequentialError('an operation never ends');
  }

  /** Nothing is under way, and all that must hold between two sections holds. */
  checkQuiet(): void {
    const { zswap, swap, device } = this.world;
    const wrong = checkInvariants(zswap);
    check(wrong === undefined, `${wrong?.name}: ${wrong?.message}`);
    const underWay = {
      'busy slots': swap.cache.busySlots,
      bios: swap.backing?.bios.inUse ?? 0,
      'device pages being written': swap.backing?.writingPages ?? 0,
      'device requests': device?.underWay ?? 0,
      'shrink worker': Number(zswap.shrinkWorker.running),
      'batches of groups': Number(zswap.shrinker.running),
      compaction: Number(zswap.compactor.running),
      tasks: Number(!this.rt.idle),
    };
    const left = Object.entries(underWay).find(([, count]) => count !== 0);
    check(left === undefined, `${left?.[1]} ${left?.[0]} left under way`);
    this.#checkPools();
  }

  /** A pool has one reference for each of its entries, and one for being current. */
  #checkPools(): void {
    const { zswap } = this.world;
    const entries = new Map<number, number>();
    for (const memcg of zswap.memcgs.groups()) {
      let index = zswap.lru.oldest(memcg.id);
      for (; index !== 0; index = zswap.entries.next(index)) {
        const id = zswap.entries.pool(index);
        entries.set(id, (entries.get(id) ?? 0) + 1);
      }
    }
    for (const pool of zswap.pools.pools()) {
      const own = (entries.get(pool.id) ?? 0) + Number(pool === zswap.pools.current);
      check(own > 0, `pool ${pool.id} should be gone`);
      check(pool.references === own, `pool ${pool.id} has ${pool.references} of ${own} references`);
      check(pool.lanes.inUse === 0, `a lane of pool ${pool.id} is in use`);
    }
  }

  /** Does one thing, and waits for the end of all that it sets going. */
  perform(action: Action): void {
    assert(this.rt.idle);
    const actor = new Actor(this.rt, 'client', [action]);
    try {
      this.rt.run(STEPS_MAX);
    } catch (error) {
      const isFinding = error instanceof InvariantError;
      throw isFinding ? new SequentialError(`assertion: ${error.message}`) : error;
    }
    check(actor.finished, `${action.label} never ends`);
  }
}
