/**
 * How long a program's event loop stands still: the time between its turns, told once a turn. On a
 * machine that others use much of a long turn may be theirs, so it is also counted without the time
 * that the main thread was ready to run and waited for a processor.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { present } from '../src/std/assert.ts';

/** Between two looks at the time spent waiting, which cost a system call. */
const LOOK_MS = 1;

/** Turns by length: those of at most so many milliseconds, and at last the longer ones. */
export const STANDSTILL_BOUNDS_MS: readonly number[] = [1, 2, 5, 10];

export class Standstill {
  /** Turns by length without waiting, as {@link STANDSTILL_BOUNDS_MS} has them. */
  readonly counts: number[] = [...STANDSTILL_BOUNDS_MS.map(() => 0), 0];
  /** The longest turn, in milliseconds, as the clock on the wall saw it. */
  longest = 0;
  /** The longest without waiting: at most {@link LOOK_MS} too short. */
  longestOwn = 0;
  readonly #fd: number = openSync(`/proc/${process.pid}/task/${process.pid}/schedstat`, 'r');
  readonly #text: Buffer = Buffer.alloc(128);
  #last: number = performance.now();
  #lookedAt: number = this.#last;
  #waited: number = this.#readWaited();

  /** To be called in each turn of the event loop. */
  turn(): void {
    const now = performance.now();
    const length = now - this.#last;
    this.#last = now;
    let own = length;
    if (now - this.#lookedAt >= LOOK_MS) {
      const waited = this.#readWaited();
      own = Math.max(0, length - (waited - this.#waited));
      this.#waited = waited;
      this.#lookedAt = now;
    }
    this.longest = Math.max(this.longest, length);
    this.longestOwn = Math.max(this.longestOwn, own);
    const place = STANDSTILL_BOUNDS_MS.findIndex((bound) => own <= bound);
    const index = place === -1 ? STANDSTILL_BOUNDS_MS.length : place;
    this.counts[index] = present(this.counts[index]) + 1;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Milliseconds that the main thread has waited on a run queue: the second figure. */
  #readWaited(): number {
    const length = readSync(this.#fd, this.#text, 0, this.#text.length, 0);
    return Number(this.#text.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  }
}
