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
/** Batches in flight at most: enough that one is at the device while others come and go. */
export const BATCHES_MAX = 4;

/**
 * Says whether a batch of the group could free anything: it has entries, they may go to the device,
 * and the device has room. A group that is offline has none: they are its parent's.
 */
export function mayShrink(zswap: Zswap, memcg: Memcg): boolean {
  const { backing } = zswap.swap;
  if (backing === undefined || backing.freePages === 0) return false;
  return memcg.online && memcg.writebackEnabled() && zswap.lru.lengthOf(memcg.id) > 0;
}

/**
 * Says whether batches of a group miss each other's entries, so that one may begin while others are
 * in flight. Each rotates what it looks at, so the list must be longer than all of them look.
 */
export function mayOverlap(zswap: Zswap, memcg: Memcg): boolean {
  return zswap.lru.lengthOf(memcg.id) > BATCHES_MAX * SHRINK_SCAN;
}

/** Compressed bytes that will be free when what these batches have taken has been written. */
export function pendingBytes(batches: readonly Writeback[]): number {
  let bytes = 0;
  for (const batch of batches) bytes += batch.pendingBytes;
  return bytes;
}

/** Who has batches written, and is told how they go. It is not woken: that is for it to do. */
export interface BatchOwner extends Task {
  /** Called when a batch of its own has gone to the device, where another may begin meanwhile. */
  batchSubmitted(writeback: Writeback): void;
  /** Called once for each batch of its own; the record is not to be kept any longer. */
  batchEnded(writeback: Writeback): void;
}

/**
 * How asking for a batch ended. `begun`: the owner is told how it goes. `joined`: it is woken
 * when somebody else's has ended. `nothing`: it has ended at once, there was nothing to write, or
 * those of the owner's own that are under way let no more begin as yet.
 */
export type BatchStart = 'begun' | 'joined' | 'nothing';

/** Who waits for room. What its batch has written is left here: the next may have begun by then. */
export interface RoomWaiter {
  batchWritten: number;
}

/** One group's batches, and who waits for the end of one. */
class GroupShrink implements Task {
  /** Entries that the last batch has written. */
  written = 0;
  readonly #zswap: Zswap;
  readonly #memcg: Memcg;
  readonly #records: Mempool<Writeback>;
  readonly #waiting = new Ring<Task>();
  readonly #roomWaiters = new Ring<RoomWaiter>();
  /** Batches under way, all of one owner's; one that waits for a record included. */
  #underWay = 0;
  #owner: BatchOwner | undefined;
  #pages = BIO_PAGES;
  #scan = SHRINK_SCAN;

  constructor(zswap: Zswap, memcg: Memcg, records: Mempool<Writeback>) {
    this.#zswap = zswap;
    this.#memcg = memcg;
    this.#records = records;
  }

  get underWay(): boolean {
    return this.#underWay > 0;
  }

  /** Says whether the batches under way are somebody's own. */
  isOf(owner: BatchOwner): boolean {
    return this.#owner === owner;
  }

  /** Waits for the end of a batch that is under way. */
  join(task: Task): void {
    assert(this.underWay);
    this.#waiting.push(task);
  }

  /** Begins a batch for an owner, or none, when no other is under way; false: it has ended. */
  start(owner: BatchOwner | undefined, scan: number, pages: number): boolean {
    assert(!this.underWay);
    this.#underWay = 1;
    this.#owner = owner;
    this.#scan = scan;
    this.#pages = pages;
    const record = this.#records.take(this);
    return record === undefined || !this.#begin(record);
  }

  /**
   * Begins another batch of the owner's while others are under way, if they cannot come upon each
   * other's entries; false: it has not begun, or has ended.
   */
  startBeside(scan: number, pages: number): boolean {
    const [zswap, memcg] = [this.#zswap, this.#memcg];
    if (!mayOverlap(zswap, memcg) || !mayShrink(zswap, memcg)) return false;
    const record = this.#records.tryTake();
    if (record === undefined) return false;
    this.#underWay += 1;
    this.#scan = scan;
    this.#pages = pages;
    return !this.#begin(record);
  }

  /** A record has been kept for this group. */
  resume(): void {
    this.#begin(this.#records.takePromised());
  }

  /** Begins a batch; true if it has ended at once. */
  #begin(record: Writeback): boolean {
    record.onSubmit = this.#submitted;
    record.onEnd = this.#end;
    if (!record.begin(this.#memcg, this.#scan, this.#pages)) return false;
    this.#end(record);
    return true;
  }

  /** Has what a batch writes told to somebody who waits for its end. */
  tell(waiter: RoomWaiter): void {
    this.#roomWaiters.push(waiter);
  }

  readonly #submitted = (record: Writeback): void => this.#owner?.batchSubmitted(record);

  readonly #end = (record: Writeback): void => {
    this.written = record.written;
    const told = this.#roomWaiters;
    for (let next = told.shift(); next !== undefined; next = told.shift()) {
      next.batchWritten = record.written;
    }
    this.#underWay -= 1;
    const owner = this.#owner;
    if (!this.underWay) this.#owner = undefined;
    owner?.batchEnded(record);
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
   * Has one batch of a group written, or joins the one that is under way and another's.
   *
   * @param scan - entries to look at, at most
   * @param pages - entries to write, at most; a batch never writes more than a bio holds
   */
  batch(memcg: Memcg, owner: BatchOwner, scan: number, pages: number = BIO_PAGES): BatchStart {
    return this.#ask(memcg, owner, owner, scan, Math.min(pages, BIO_PAGES));
  }

  /** Has a batch of a group begun, or joins another's. */
  #ask(
    memcg: Memcg,
    task: Task,
    owner: BatchOwner | undefined,
    scan: number,
    pages: number,
  ): BatchStart {
    const underWay = this.#groups.get(memcg);
    if (underWay?.underWay === true) {
      if (owner !== undefined && underWay.isOf(owner)) {
        return underWay.startBeside(scan, pages) ? 'begun' : 'nothing';
      }
      underWay.join(task);
      return 'joined';
    }
    // Looked at first: a group that has gone must not be known again, for nobody would forget it.
    if (!mayShrink(this.#zswap, memcg)) return 'nothing';
    const group = this.#group(memcg);
    if (!group.start(owner, scan, pages)) return 'nothing';
    if (owner === undefined) group.join(task);
    return 'begun';
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
