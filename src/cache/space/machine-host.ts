/**
 * The machine under a cache and its groups. All RAM that the regions may take is divided: first
 * what the machine notes about pages, as much as it takes at the moment; a quarter of all for page
 * frames; the rest for the pool. A quarter, because frames are where hot entries are read without
 * decompression and where new ones are gathered, and more would take the place of several times as
 * many compressed ones.
 *
 * Invariant: frames in use, the pool's pages and the notes together are at most what the regions
 * may take, for which a little is left over: the pool passes its limit by a zspage, and tables grow
 * before the next division.
 */
import type { OpenMachine } from '../../machine/machine.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { Rt } from '../../rt/rt.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { BIO_PAGES } from '../../swap/device/device.ts';
import { Reclaim } from '../../zswap/shrink/reclaim.ts';
import { FRAMES_PART, MachineMemory } from './machine-memory.ts';
import type { CacheHost } from './memory.ts';
import { SEGMENT_BYTES, SEGMENT_COUNT_MAX } from './segments.ts';

/** Fewer would leave none to reclaim while a fault needs some. */
const FRAMES_MIN = 16;
/** Frames are divided anew when their number is off by one part in so many. */
const FRAMES_TOLERANCE = 32;
/** The pool's part that is left for pages to come and go, which leave holes in it. */
const CHURN_PART = 32;
/** A zspage that passes the pool's limit, and tables that grow before the next division. */
const SLACK_BYTES = 32768;
const BIO_BYTES: number = BIO_PAGES * PAGE_SIZE;

export class MachineHost implements CacheHost {
  readonly rt: Rt;
  readonly spills: boolean;
  readonly #machine: OpenMachine;
  readonly #biosInFlight: number;
  readonly #memories: MachineMemory[] = [];
  #mapped = 0;

  constructor(machine: OpenMachine, biosInFlight: number) {
    const { stack } = machine.core;
    this.#machine = machine;
    this.#biosInFlight = biosInFlight;
    this.rt = stack.rt;
    this.spills = stack.swap.backing !== undefined;
  }

  map(): MachineMemory {
    this.#mapped += 1;
    const name = `cache-${this.#mapped}`;
    const group = this.#machine.group(name);
    const bytes = SEGMENT_COUNT_MAX * SEGMENT_BYTES;
    const memory = new MachineMemory(this, this.#machine.map({ bytes, group, name }), group);
    this.#memories.push(memory);
    return memory;
  }

  forget(memory: MachineMemory): void {
    this.#memories.splice(this.#memories.indexOf(memory), 1);
  }

  close(): Promise<void> {
    return this.#machine.close();
  }

  /** The pool's pages that are there for so many compressed bytes. */
  poolShare(compressedBytes: number): number {
    const { zswap, memcgs } = this.#machine.core.stack;
    if (compressedBytes === 0) return 0;
    return (zswap.poolTotalSize * compressedBytes) / memcgs.root.zswapCurrent;
  }

  /** A region's part of what the machine notes: as its limit to those of all. */
  metadataShare({ limit }: MachineMemory): number {
    const all = this.#limitOfAll();
    return all === 0 ? 0 : (this.#machine.metadataBytes * limit) / all;
  }

  /** True if the pool takes nothing more, and there is nowhere else. */
  isFull(): boolean {
    const { zswap, params } = this.#machine.core.stack;
    return !this.spills && zswap.pools.totalPages() >= params.maxPages();
  }

  /** Bytes of pages that fit frames and pool, however badly they compress. */
  freeRamBytes(): number {
    const { stack, mm } = this.#machine.core;
    const { zswap, params } = stack;
    const most = params.maxPages() * PAGE_SIZE * (1 - 1 / CHURN_PART);
    const pool = zswap.checkLimits() ? 0 : most - zswap.poolTotalSize;
    return mm.frames.freePages * PAGE_SIZE + Math.max(0, pool);
  }

  freeDiskBytes(): number {
    const { backing } = this.#machine.core.stack.swap;
    return backing === undefined ? 0 : backing.freePages * PAGE_SIZE;
  }

  /** Divides what the regions may take between frames and pool. */
  divide(): void {
    const { stack, mm } = this.#machine.core;
    const all = this.#limitOfAll();
    const frames = Math.max(FRAMES_MIN, Math.floor(all / FRAMES_PART / PAGE_SIZE));
    const now = mm.frames.pageLimit;
    if (Math.abs(frames - now) * FRAMES_TOLERANCE > now) mm.setFramePages(frames);
    // Frames that are still in use beyond a limit that was made lower are the pool's loss.
    const framePages = Math.max(mm.frames.pageLimit, mm.frames.usedPages);
    const notes = SLACK_BYTES + this.#machine.metadataBytes + this.#unusedBios() * BIO_BYTES;
    stack.params.poolBytes = Math.max(0, Math.floor(all - framePages * PAGE_SIZE - notes));
  }

  /** Moves pages of a group from frames to the pool; what that has to wait for goes on later. */
  compress(memcg: Memcg, pages: number): void {
    const { reclaim } = this.#machine.core.mm;
    const reclaimer = reclaim.tryTake();
    if (reclaimer === undefined) return;
    reclaimer.onEnd = reclaimer.giveBack;
    if (reclaim.begin(reclaimer, memcg, pages)) reclaim.put(reclaimer);
  }

  /** Gathers the pool's objects, so that pages of it come free; true if some have. */
  compact(moves: number): boolean {
    const { pools } = this.#machine.core.stack.zswap;
    const before = pools.totalPages();
    for (const pool of pools.pools()) pool.zpool.compact(moves);
    return pools.totalPages() < before;
  }

  /** Writes about so many pages of a group to disk, those in the pool first. */
  async writeBack(memcg: Memcg, pages: number): Promise<void> {
    const { stack, mm } = this.#machine.core;
    const fromPool = new Reclaim(stack.zswap);
    await new Promise<void>((resolve) => {
      fromPool.onEnd = resolve;
      if (fromPool.begin(memcg, pages * PAGE_SIZE)) resolve();
    });
    if (fromPool.freed > 0) return;
    await new Promise<void>((resolve) => {
      const reclaimer = mm.reclaim.tryTake();
      if (reclaimer === undefined) {
        resolve();
        return;
      }
      reclaimer.onEnd = () => {
        reclaimer.giveBack();
        resolve();
      };
      if (!mm.reclaim.begin(reclaimer, memcg, pages)) return;
      mm.reclaim.put(reclaimer);
      resolve();
    });
    await stack.rt.yieldNow();
  }

  #limitOfAll(): number {
    let all = 0;
    for (const { limit } of this.#memories) all += limit;
    return all;
  }

  /** Buffers for the device that are not there yet and will be. */
  #unusedBios(): number {
    const { backing } = this.#machine.core.stack.swap;
    return backing === undefined ? 0 : this.#biosInFlight - backing.bios.made;
  }
}
