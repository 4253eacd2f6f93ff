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
import { assert } from '../../std/assert.ts';
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

/** Who has a batch written, and is told how it went. */
export interface BatchOwner extends Task {
  /** Called once for each batch of its own, before it is woken; the record is not to be kept. */
  batchEnded(writeback: Writeback): void;
}

/**
 * How asking for a batch ended. `begun`: the owner is woken when its batch has ended. `joined`: it
 * is woken when somebody else's has. `nothing`: there is nothing to wait for; its batch has ended
 * at once, or there was nothing to write.
 */
export type BatchStart = 'begun' | 'joined' | 'nothing';

/** Who waits for room. What its batch has written is left here: the next may have begun by then. */
export interface RoomWaiter {
  batchWritten: number;
}

/** One group's batch, and who waits for its end. */
class GroupShrink implements Task {
  /** Entries that the last batch has written. */
  written = 0;
  readonly #zswap: Zswap;
  readonly #memcg: Memcg;
  readonly #records: Mempool<Writeback>;
  readonly #waiting = new Ring<Task>();
  readonly #roomWaiters = new Ring<RoomWaiter>();
  #underWay = false;
  #owner: BatchOwner | undefined;
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

  /** Waits for the batch that is under way. */
  join(task: Task): void {
    assert(this.#underWay);
    this.#waiting.push(task);
  }

  /** Begins a batch for a task; false: it has ended at once. */
  start(task: Task, owner: BatchOwner | undefined, scan: number, pages: number): boolean {
    assert(!this.#underWay);
    this.#underWay = true;
    this.#owner = owner;
    this.#scan = scan;
    this.#pages = pages;
    const record = this.#records.take(this);
    if (record !== undefined && this.#begin(record)) return false;
    this.#waiting.push(task);
    return true;
  }

  /** A record has been kept for this group. */
  resume(): void {
    this.#begin(this.#records.takePromised());
  }

  /** Begins a batch; true if it has ended at once. */
  #begin(record: Writeback): boolean {
    record.onEnd = this.#end;
    if (!record.begin(this.#memcg, this.#scan, this.#pages)) return false;
    this.#end(record);
    return true;
  }

  /** Has what the batch writes told to somebody who waits for its end. */
  tell(waiter: RoomWaiter): void {
    this.#roomWaiters.push(waiter);
  }

  readonly #end = (record: Writeback): void => {
    this.written = record.written;
    const told = this.#roomWaiters;
    for (let next = told.shift(); next !== undefined; next = told.shift()) {
      next.batchWritten = record.written;
    }
    this.#owner?.batchEnded(record);
    this.#owner = undefined;
    this.#underWay = false;
    this.#records.put(record);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#zswap.rt.wake(next);
    }
  };
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
   * Begins to make room in a group that is at its limit, or joins who does so already: an eighth of
   * its entries at most, so that a small group does not lose most of what it may hold.
   *
   * @param scan - entries to look at, at most
   * @returns true: the task is woken when a batch has ended and the waiter has been told; false:
   *   nothing could be written
   */
  makeRoom(memcg: Memcg, task: Task, waiter: RoomWaiter, scan: number = SHRINK_SCAN): boolean {
    const pages = Math.max(1, Math.min(BIO_PAGES, this.#zswap.lru.lengthOf(memcg.id) >>> 3));
    waiter.batchWritten = 0;
    if (this.#ask(memcg, task, undefined, scan, pages) === 'nothing') return false;
    this.#group(memcg).tell(waiter);
    return true;
  }

  /** True while a batch is under way. */
  get running(): boolean {
    for (const group of this.#groups.values()) if (group.underWay) return true;
    return false;
  }

  /** Groups that have ever been shrunk, and have not gone away. */
  knownGroups(): Iterable<Memcg> {
    return this.#groups.keys();
  }

  /** Entries of a group that its last batch has written. */
  written(memcg: Memcg): number {
    return this.#groups.get(memcg)?.written ?? 0;
  }

  /** Forgets a group that goes away. */
  forget(memcg: Memcg): void {
    this.#groups.delete(memcg);
  }

  /**
   * Has one batch of a group written, or joins the one that is under way.
   *
   * @param scan - entries to look at, at most
   * @param pages - entries to write, at most; a batch never writes more than a bio holds
   */
  batch(memcg: Memcg, owner: BatchOwner, scan: number, pages: number = BIO_PAGES): BatchStart {
    return this.#ask(memcg, owner, owner, scan, Math.min(pages, BIO_PAGES));
  }

  #ask(
    memcg: Memcg,
    task: Task,
    owner: BatchOwner | undefined,
    scan: number,
    pages: number,
  ): BatchStart {
    const underWay = this.#groups.get(memcg);
    if (underWay?.underWay === true) {
      underWay.join(task);
      return 'joined';
    }
    // Looked at first: a group that has gone must not be known again, for nobody would forget it.
    if (!mayShrink(this.#zswap, memcg)) return 'nothing';
    return this.#group(memcg).start(task, owner, scan, pages) ? 'begun' : 'nothing';
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
