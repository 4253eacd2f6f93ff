/**
 * The swap cache: which slots are busy, and with whom. A slot has one owner at a time, who alone
 * may read, write, free or move what backs it; that is the kernel's locked swap-cache folio. Others
 * queue and get the slot handed over in the order they came.
 *
 * Only busy slots are in it, in a small hash table with linear probing, so it costs nothing per
 * stored page. Lock class `folioLock`; several may be held by one request, taken in ascending order
 * and only by `tryLock` after the first, so nobody waits while holding.
 *
 * @see mm/swap_state.c
 */
import { assert, present } from '../std/assert.ts';
import type { Rt, Task } from '../rt/rt.ts';
import type { SwapSlot } from './table.ts';

/** A task that can wait for a slot: it carries the link of the queue it is in. */
export interface SlotWaiter extends Task {
  /** The next in the queue; the cache's alone. */
  nextWaiter: SlotWaiter | undefined;
}

class Folio {
  /** What backs the slot is whole and stays as it is while it is owned: others may read it. */
  shared = false;
  owner: Task | undefined = undefined;
  firstWaiter: SlotWaiter | undefined = undefined;
  lastWaiter: SlotWaiter | undefined = undefined;
}

export class SwapCache {
  readonly #rt: Rt;
  /**
   * Hash table of slot numbers plus one (0 = nothing here), and the folio of each place. The keys
   * are what 32 bits hold, as signed numbers: those the processor compares without conversion.
   */
  #keys: Int32Array;
  #folios: (Folio | undefined)[];
  readonly #spare: Folio[] = [];
  #busy = 0;

  constructor(rt: Rt) {
    this.#rt = rt;
    this.#keys = new Int32Array(64);
    this.#folios = Array.from({ length: 64 }, () => undefined);
  }

  /** Busy slots. */
  get busySlots(): number {
    return this.#busy;
  }

  get metadataBytes(): number {
    return this.#keys.length * 12 + (this.#spare.length + this.#busy) * 64;
  }

  isBusy(slot: SwapSlot): boolean {
    return this.#busy > 0 && this.#find(slot) >= 0;
  }

  /** Says whether a slot in `[first, end)` is busy. Looks at all busy slots; for swapoff. */
  anyBusy(first: number, end: number): boolean {
    return this.#keys.some((key) => key >>> 0 > first && key >>> 0 <= end);
  }

  /** Says whether `task` owns the slot. */
  isOwner(slot: SwapSlot, task: Task): boolean {
    const place = this.#find(slot);
    return place >= 0 && present(this.#folios[place]).owner === task;
  }

  /**
   * Lets others read what backs the slot although it is owned: its owner will not change it before
   * it gives the slot up. That is the kernel's folio under writeback, which is up to date.
   */
  share(slot: SwapSlot, task: Task): void {
    const place = this.#find(slot);
    assert(place >= 0);
    const folio = present(this.#folios[place]);
    assert(folio.owner === task, 'slot is not locked by this task');
    folio.shared = true;
  }

  /** Says whether a slot is owned by somebody who lets others read it. */
  isShared(slot: SwapSlot): boolean {
    if (this.#busy === 0) return false;
    const place = this.#find(slot);
    return place >= 0 && present(this.#folios[place]).shared;
  }

  /**
   * Takes a slot, or queues for it.
   *
   * @returns true: taken. False: the task is woken when it has been made the owner.
   */
  lock(slot: SwapSlot, task: SlotWaiter): boolean {
    const place = this.#find(slot);
    if (place < 0) {
      this.#insert(slot, task);
      return true;
    }
    const folio = present(this.#folios[place]);
    assert(folio.owner !== task, 'a request waits for a slot that it owns');
    task.nextWaiter = undefined;
    if (folio.lastWaiter === undefined) folio.firstWaiter = task;
    else folio.lastWaiter.nextWaiter = task;
    folio.lastWaiter = task;
    return false;
  }

  /** Takes a slot if nobody has it; never queues. */
  tryLock(slot: SwapSlot, task: Task): boolean {
    if (this.#find(slot) >= 0) return false;
    this.#insert(slot, task);
    return true;
  }

  /** Gives a slot up, to the first in its queue where there is one. */
  unlock(slot: SwapSlot, task: Task): void {
    const place = this.#find(slot);
    assert(place >= 0, 'slot is not locked');
    const folio = present(this.#folios[place]);
    assert(folio.owner === task, 'slot is not locked by this task');
    folio.shared = false;
    const next = folio.firstWaiter;
    if (next === undefined) {
      folio.owner = undefined;
      this.#spare.push(folio);
      this.#remove(place);
      return;
    }
    folio.firstWaiter = next.nextWaiter;
    if (folio.firstWaiter === undefined) folio.lastWaiter = undefined;
    next.nextWaiter = undefined;
    folio.owner = next;
    this.#rt.wake(next);
  }

  #home(key: number): number {
    return (Math.imul(key, 0x9e3779b1) >>> 8) & (this.#keys.length - 1);
  }

  #find(slot: number): number {
    const key = keyOf(slot);
    const mask = this.#keys.length - 1;
    for (let place = this.#home(key); ; place = (place + 1) & mask) {
      const found = this.#keys[place];
      if (found === key) return place;
      if (found === 0) return -1;
    }
  }

  #insert(slot: number, owner: Task): void {
    if ((this.#busy + 1) * 2 > this.#keys.length) this.#grow();
    const folio = this.#spare.pop() ?? new Folio();
    folio.owner = owner;
    this.#place(keyOf(slot), folio);
    this.#busy += 1;
  }

  #place(key: number, folio: Folio): void {
    const mask = this.#keys.length - 1;
    let place = this.#home(key);
    while (this.#keys[place] !== 0) place = (place + 1) & mask;
    this.#keys[place] = key;
    this.#folios[place] = folio;
  }

  /** Empties a place and moves later ones up, so that no search ends too early. */
  #remove(place: number): void {
    const mask = this.#keys.length - 1;
    let hole = place;
    for (let at = (hole + 1) & mask; this.#keys[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(present(this.#keys[at]));
      // The one at `at` may move to the hole unless its home lies after the hole.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#keys[hole] = present(this.#keys[at]);
      this.#folios[hole] = this.#folios[at];
      hole = at;
    }
    this.#keys[hole] = 0;
    this.#folios[hole] = undefined;
    this.#busy -= 1;
  }

  #grow(): void {
    const keys = this.#keys;
    const folios = this.#folios;
    this.#keys = new Int32Array(keys.length * 2);
    this.#folios = Array.from({ length: keys.length * 2 }, () => undefined);
    for (let i = 0; i < keys.length; i += 1) {
      if (keys[i] !== 0) this.#place(present(keys[i]), present(folios[i]));
    }
  }
}

/** A slot's number plus one, in 32 bits; never 0, since the last numbers are no slots. */
function keyOf(slot: number): number {
  return (slot + 1) | 0;
}
