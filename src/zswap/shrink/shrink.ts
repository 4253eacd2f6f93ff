/**
 * Shrinking on behalf of a group: at its own limit, where a store of the group waits for one batch
 * of the group's own entries, and on request, for so many bytes. No other group's entries are
 * touched.
 *
 * Batches run on a few {@link Writeback} records, whose number bounds what is in flight.
 *
 * @see mm/zswap.c shrink_memcg
 */
import { Mempool } from '../../rt/mempool.ts';
import type { Task } from '../../rt/rt.ts';
import { Ring } from '../../std/ring.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import { BIO_PAGES } from '../../swap/device/device.ts';
import { Writeback } from '../writeback.ts';
import type { Zswap } from '../zswap.ts';

/** Candidates that one batch looks at, at most (kernel: the batched shrinker of 2026). */
export const SHRINK_SCAN = 64;
/** Batches that go on with nothing written before it is given up (kernel `MAX_RECLAIM_RETRIES`). */
export const RECLAIM_RETRIES_MAX = 16;
/** Batches of groups in flight at most. */
const BATCHES_MAX = 3;

/**
 * Says whether a batch of the group could free anything: it has entries, they may go to the device,
 * and the device has room. A group that is offline has none: they are its parent's.
 */
export function mayShrink(zswap: Zswap, memcg: Memcg): boolean {
  const { backing } = zswap.swap;
  if (backing === undefined || backing.freePages === 0) return false;
  return memcg.online && memcg.writebackEnabled() && zswap.lru.lengthOf(memcg.id) > 0;
}

/** How a batch went. */
export interface BatchResult {
  /** Entries looked at, those that got a second chance included. */
  readonly scanned: number;
  /** Entries written, and their compressed bytes. */
  readonly written: number;
  readonly writtenBytes: number;
  /** It ended at an entry whose slot is busy. */
  readonly hitSwapCache: boolean;
}

/** Who waits for a batch. The result is left here, since the next batch may have begun by then. */
export interface BatchWaiter {
  /** How the batch went; undefined until it has ended, and if there was none. */
  batch: BatchResult | undefined;
}

/** One group's batch, and who waits for its end. */
class GroupShrink implements Task {
  readonly #zswap: Zswap;
  readonly #memcg: Memcg;
  readonly #records: Mempool<Writeback>;
  /** Tasks to wake at the end, and in the same order those to be told how it went. */
  readonly #tasks = new Ring<Task>();
  readonly #waiters = new Ring<BatchWaiter>();
  #underWay = false;
  #pages = BIO_PAGES;
  #scan = SHRINK_SCAN;

  constructor(zswap: Zswap, memcg: Memcg, records: Mempool<Writeback>) {
    this.#zswap = zswap;
    this.#memcg = memcg;
    this.#records = records;
  }

  get underWay(): boolean {
    return this.#underWay;
  }

  /**
   * Joins the batch that is under way, or begins one. False: there is nothing to wait for; if a
   * batch has ended at once, the waiter knows how it went.
   */
  join(task: Task, waiter: BatchWaiter, pages: number, scan: number = SHRINK_SCAN): boolean {
    waiter.batch = undefined;
    if (!this.#underWay && !mayShrink(this.#zswap, this.#memcg)) return false;
    this.#tasks.push(task);
    this.#waiters.push(waiter);
    if (this.#underWay) return true;
    this.#underWay = true;
    this.#pages = pages;
    this.#scan = scan;
    const record = this.#records.take(this);
    if (record === undefined || !this.#begin(record)) return true;
    // The only one who waits is still running.
    this.#tasks.shift();
    this.#tell(record);
    return false;
  }

  /** A record has been kept for this group. */
  resume(): void {
    const record = this.#records.takePromised();
    if (this.#begin(record)) this.#end(record);
  }

  /** Begins a batch; true if it has ended at once. */
  #begin(record: Writeback): boolean {
    record.onEnd = this.#end;
    return record.begin(this.#memcg, this.#scan, this.#pages);
  }

  readonly #end = (record: Writeback): void => {
    this.#tell(record);
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      this.#zswap.rt.wake(task);
    }
  };

  /** Ends the batch: leaves the result with all who wait. */
  #tell(record: Writeback): void {
    const { scanned, written, writtenBytes, hitSwapCache } = record;
    const batch = { scanned, written, writtenBytes, hitSwapCache };
    for (let next = this.#waiters.shift(); next !== undefined; next = this.#waiters.shift()) {
      next.batch = batch;
    }
    this.#underWay = false;
    this.#records.put(record);
  }
}

export class Shrinker {
  readonly #zswap: Zswap;
  readonly #records: Mempool<Writeback>;
  readonly #groups = new Map<Memcg, GroupShrink>();

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
    this.#records = new Mempool(zswap.rt, BATCHES_MAX, () => new Writeback(zswap));
  }

  /**
   * Begins to make room in a group that is at its limit, or joins who does so already.
   *
   * @returns true: the task is woken when a batch has ended and the waiter been told; false:
   *   nothing could be written
   */
  makeRoom(memcg: Memcg, task: Task, waiter: BatchWaiter): boolean {
    return this.#group(memcg).join(task, waiter, BIO_PAGES);
  }

  /** True while a batch is under way. */
  get running(): boolean {
    for (const group of this.#groups.values()) if (group.underWay) return true;
    return false;
  }

  /**
   * Writes back about so many compressed bytes of a group and its descendants, coldest first.
   *
   * @returns bytes freed; fewer than asked for when too many batches wrote nothing
   * @see the kernel's `memory.reclaim` with `source=zswap` (proposed in 2026)
   */
  async reclaim(memcg: Memcg, bytes: number): Promise<number> {
    let freed = 0;
    let failures = 0;
    while (freed < bytes && failures < RECLAIM_RETRIES_MAX) {
      const before = freed;
      for (const group of this.#zswap.memcgs.subtree(memcg)) {
        if (freed >= bytes) break;
        const mean = Math.max(1, group.zswapCurrent / Math.max(1, group.zswappedPages));
        const pages = Math.ceil((bytes - freed) / mean);
        freed += (await this.batch(group, SHRINK_SCAN, pages))?.writtenBytes ?? 0;
      }
      if (freed === before) failures += 1;
      await this.#zswap.rt.yieldNow();
    }
    return freed;
  }

  /** Forgets a group that goes away. */
  forget(memcg: Memcg): void {
    this.#groups.delete(memcg);
  }

  /**
   * Has one batch of a group written, or waits for the one that is under way.
   *
   * @param scan - entries to look at, at most
   * @param pages - entries to write, at most; a batch never writes more than a bio holds
   * @returns how it went; undefined if there is nothing to shrink
   */
  async batch(
    memcg: Memcg,
    scan: number,
    pages: number = BIO_PAGES,
  ): Promise<BatchResult | undefined> {
    const waiter: BatchWaiter = { batch: undefined };
    await new Promise<void>((resolve) => {
      const task = { resume: resolve };
      if (!this.#group(memcg).join(task, waiter, Math.min(pages, BIO_PAGES), scan)) resolve();
    });
    return waiter.batch;
  }

  #group(memcg: Memcg): GroupShrink {
    let group = this.#groups.get(memcg);
    if (group === undefined) {
      group = new GroupShrink(this.#zswap, memcg, this.#records);
      this.#groups.set(memcg, group);
    }
    return group;
  }
}
