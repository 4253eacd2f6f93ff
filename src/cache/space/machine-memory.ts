/**
 * The cache's memory on a machine: one region, in a group of its own. The group is charged with
 * what the region's pages take, to the byte; of what the machine takes as a whole (the allocator's
 * pages, tables) each region answers for its part, so that all together answer for everything.
 */
import type { MemoryGroup } from '../../machine/group.ts';
import type { MemoryRegion } from '../../machine/region.ts';
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { MachineHost } from './machine-host.ts';
import type { CacheMemory, WriteResult } from './memory.ts';

/** Part of a region's RAM that its page frames keep when it is short of RAM. */
export const FRAMES_PART = 4;
/** A region with less left than this is short of RAM. */
const SHORT_BYTES: number = 256 * 1024;
/** The same, as a part of its limit, whichever is less. */
const SHORT_PART = 16;
/** Reads of a full pool from one attempt to make it smaller to the next. */
const FULL_READS = 64;
/** Moves of compaction at a time: each is a copy of less than a page. */
const COMPACT_MOVES = 256;
/** Batches written to disk in a row without any gain, after which there is none to be had. */
const SETTLE_FAILURES_MAX = 4;
/** What settling leaves free, as a part of the limit, so that not every page has to wait again. */
const SETTLE_PART = 64;

export class MachineMemory implements CacheMemory {
  readonly bytes: number;
  readonly spills: boolean;
  readonly #region: MemoryRegion;
  readonly #host: MachineHost;
  readonly #group: MemoryGroup;
  #limit = 0;
  /** Reads that have found the pool full. */
  #fullReads = 0;

  constructor(host: MachineHost, region: MemoryRegion, group: MemoryGroup) {
    this.#host = host;
    this.#region = region;
    this.#group = group;
    this.bytes = region.bytes;
    this.spills = host.spills;
  }

  /** RAM that its pages may take. */
  get limit(): number {
    return this.#limit;
  }

  usedBytes(): number {
    const { framePages, zswapCurrent } = this.#group.memcg;
    const pool = this.#host.poolShare(zswapCurrent);
    return framePages * PAGE_SIZE + pool + this.#host.metadataShare(this);
  }

  freeBytes(): number {
    this.#relieve();
    const own = Math.max(0, this.#limit - this.usedBytes());
    const ram = Math.min(own, this.#host.freeRamBytes());
    return ram + this.#host.freeDiskBytes();
  }

  limitRam(bytes: number): boolean {
    this.#limit = Math.max(0, bytes);
    this.#host.divide();
    this.#relieve();
    const used = this.usedBytes();
    const { memcg } = this.#group;
    // The group's limit is for frames and compressed bytes; what is around them is taken off.
    memcg.setMemoryMax(Math.max(0, this.#limit - (used - memcg.memoryCurrent)));
    return used <= this.#limit;
  }

  async settle(): Promise<void> {
    const goal = this.#limit - this.#limit / SETTLE_PART;
    let used = this.usedBytes();
    if (used <= this.#limit) return;
    for (let failures = 0; used > goal && failures < SETTLE_FAILURES_MAX;) {
      await this.#host.writeBack(this.#group.memcg, Math.ceil((used - goal) / PAGE_SIZE));
      this.#host.compact(COMPACT_MOVES);
      const now = this.usedBytes();
      failures = now < used ? 0 : failures + 1;
      used = now;
    }
  }

  readSync(offset: number, target: Uint8Array): boolean {
    // A fault would go over all frames, to find that none of them can be made free.
    if (this.#host.isFull() && !this.#gains()) return this.#region.peekSync(offset, target);
    return this.#region.readSync(offset, target);
  }

  read(offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#region.read(offset, target, signal === undefined ? {} : { signal });
  }

  writeSync(offset: number, source: Uint8Array): WriteResult {
    if (this.#region.writeSync(offset, source)) return 'done';
    // Without a disk nothing is under way that a wait could be for.
    return this.spills ? 'would-wait' : 'no-room';
  }

  async write(offset: number, source: Uint8Array): Promise<WriteResult> {
    try {
      await this.#region.write(offset, source);
      return 'done';
    } catch (error) {
      if (error instanceof ZswapError && error.code === 'ZSWAP_NO_MEMORY') return 'no-room';
      throw error;
    }
  }

  discardSync(offset: number, length: number): boolean {
    return this.#region.discardSync(offset, length);
  }

  discard(offset: number, length: number): Promise<void> {
    return this.#region.discard(offset, length);
  }

  async close(): Promise<void> {
    await this.#region.unmap();
    this.#group.remove();
    this.#host.forget(this);
  }

  /** Gets what can be had without evicting anything, if RAM is short. */
  #relieve(): void {
    if (!this.#isShort()) return;
    const { memcg } = this.#group;
    const most = Math.floor(this.#limit / FRAMES_PART / PAGE_SIZE);
    const excess = memcg.framePages - most;
    if (excess > 0) this.#host.compress(memcg, excess);
    if (this.#isShort()) this.#host.compact(COMPACT_MOVES);
  }

  /** Now and then compacts the full pool; true if that has made it smaller. */
  #gains(): boolean {
    this.#fullReads += 1;
    return this.#fullReads % FULL_READS === 0 && this.#host.compact(COMPACT_MOVES);
  }

  #isShort(): boolean {
    const least = Math.min(SHORT_BYTES, this.#limit / SHORT_PART);
    return this.#limit - this.usedBytes() < least;
  }
}
