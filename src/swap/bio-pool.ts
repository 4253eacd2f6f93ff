/**
 * The bios that may be in flight at once. Their number bounds the memory that device input and
 * output takes; who finds none left waits in line.
 */
import type { Rt, Task } from '../rt/rt.ts';
import { assert } from '../std/assert.ts';
import { Ring } from '../std/ring.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { BIO_PAGES, Bio } from './device/device.ts';

/** Bios in flight at most, unless said otherwise: 8 MiB of buffers. */
export const BIOS_IN_FLIGHT_MAX = 64;

export class BioPool {
  readonly #rt: Rt;
  readonly #limit: number;
  readonly #free: Bio[] = [];
  readonly #waiting = new Ring<Task>();
  #made = 0;
  #promised = 0;

  constructor(rt: Rt, limit: number = BIOS_IN_FLIGHT_MAX) {
    assert(limit > 0);
    this.#rt = rt;
    this.#limit = limit;
  }

  get metadataBytes(): number {
    return this.#made * BIO_PAGES * PAGE_SIZE;
  }

  /** Bios that are with somebody. */
  get inUse(): number {
    return this.#made - this.#free.length;
  }

  /**
   * Takes a bio. Undefined: none left, and the task is woken when one has been kept for it; it then
   * calls {@link takePromised}.
   */
  take(task: Task): Bio | undefined {
    if (this.#free.length > this.#promised) return this.#free.pop();
    if (this.#made < this.#limit) {
      this.#made += 1;
      return new Bio();
    }
    this.#waiting.push(task);
    return undefined;
  }

  /** Takes the bio that was kept for a woken task. */
  takePromised(): Bio {
    const bio = this.#free.pop();
    assert(bio !== undefined && this.#promised > 0);
    this.#promised -= 1;
    return bio;
  }

  put(bio: Bio): void {
    this.#free.push(bio);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#promised += 1;
    this.#rt.wake(next);
  }
}
