/**
 * A bounded number of reusable things, made when first needed. Who finds none left waits in line
 * and has one kept for it, so that nobody who comes later can take it away in between.
 *
 *     made = with somebody + free;  free >= promised: kept for tasks that have been woken
 *
 * @see mm/mempool.c
 */
import { assert, present } from '../std/assert.ts';
import { Ring } from '../std/ring.ts';
import type { Rt, Task } from './rt.ts';

export class Mempool<T> {
  readonly #rt: Rt;
  readonly #limit: number;
  readonly #make: () => T;
  readonly #free: T[] = [];
  readonly #waiting = new Ring<Task>();
  #made = 0;
  #promised = 0;

  /** @param limit - things there are at most, 1 or more */
  constructor(rt: Rt, limit: number, make: () => T) {
    assert(limit > 0);
    this.#rt = rt;
    this.#limit = limit;
    this.#make = make;
  }

  /** Things that have been made; they stay. */
  get made(): number {
    return this.#made;
  }

  /** Things that are with somebody. */
  get inUse(): number {
    return this.#made - this.#free.length;
  }

  /**
   * Takes a thing. Undefined: none is left, and the task is woken when one has been kept for it; it
   * then calls {@link takePromised}.
   */
  take(task: Task): T | undefined {
    const thing = this.tryTake();
    if (thing === undefined) this.#waiting.push(task);
    return thing;
  }

  /** Takes a thing if one is left; never queues. */
  tryTake(): T | undefined {
    if (this.#free.length > this.#promised) return this.#free.pop();
    if (this.#made >= this.#limit) return undefined;
    const thing = this.#make();
    this.#made += 1;
    return thing;
  }

  /** Takes the thing that was kept for a woken task. */
  takePromised(): T {
    assert(this.#promised > 0);
    this.#promised -= 1;
    return present(this.#free.pop());
  }

  /** Gives a thing back, for the first in line where there is one. */
  put(thing: T): void {
    assert(this.inUse > 0);
    this.#free.push(thing);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#promised += 1;
    this.#rt.wake(next);
  }
}
