/**
 * The {@link Rt} of a simulated machine: one processor, whose time passes only by what is charged
 * to it, and a list of things that will happen. Whatever runs is charged to the clock; when nothing
 * can run, the clock goes to the next thing that happens. So a replay takes as long as it takes and
 * gives the same figures every time.
 */
import { assert } from '../../std/assert.ts';
import { Prng } from '../../std/prng.ts';
import { Ring } from '../../std/ring.ts';
import type { Rt, Task } from '../../rt/rt.ts';

/** Something that happens at a time. */
interface Due {
  readonly atUs: number;
  /** Of two at the same time, the one that was asked for first. */
  readonly order: number;
  readonly happen: () => void;
}

export class VirtualRt implements Rt {
  /** Virtual microseconds since the machine began. */
  nowUs = 0;
  readonly #prng: Prng;
  readonly #woken = new Ring<Task>();
  readonly #yielded = new Ring<Task>();
  readonly #heap: Due[] = [];
  #orders = 0;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }

  nowMs(): number {
    return this.nowUs / 1000;
  }

  randomU32(): number {
    return this.#prng.u32();
  }

  point(): boolean {
    return false;
  }

  wake(task: Task): void {
    this.#woken.push(task);
  }

  yieldTask(task: Task): void {
    this.#yielded.push(task);
  }

  async yieldNow(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#yielded.push({ resume: resolve });
    });
  }

  async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.at(this.nowUs + ms * 1000, resolve);
    });
  }

  /** Charges the processor with work. */
  charge(us: number): void {
    this.nowUs += us;
  }

  /** Has something happen at a time, which is not before now. */
  at(atUs: number, happen: () => void): void {
    this.#orders += 1;
    const due = { atUs: Math.max(atUs, this.nowUs), order: this.#orders, happen };
    const heap = this.#heap;
    let place = heap.push(due) - 1;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, due)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = due;
  }

  /**
   * Lets everybody who can go on have a turn: what was woken, to its end, and of what yielded, what
   * had done so before.
   */
  turn(): void {
    this.#happenUntil(this.nowUs);
    this.#runWoken();
    for (let left = this.#yielded.length; left > 0; left -= 1) {
      this.#yielded.shift()?.resume();
      this.#runWoken();
    }
  }

  /**
   * Goes on until something has become true, through all that runs and happens until then.
   *
   * @throws InvariantError if nothing can run and nothing will happen: somebody waits for ever
   */
  runUntil(isTrue: () => boolean): void {
    while (!isTrue()) {
      this.turn();
      if (isTrue() || this.#canRun) continue;
      const next = this.#heap[0];
      assert(next !== undefined, 'the machine waits for nothing');
      this.nowUs = Math.max(this.nowUs, next.atUs);
    }
  }

  /** Idles until a time, unless it has passed: background work goes on. */
  idleUntil(atUs: number): void {
    for (;;) {
      this.turn();
      if (this.#canRun) continue;
      const next = this.#heap[0];
      if (next === undefined || next.atUs > atUs) break;
      this.nowUs = Math.max(this.nowUs, next.atUs);
    }
    if (atUs !== Infinity) this.nowUs = Math.max(this.nowUs, atUs);
  }

  /** Goes on until nothing runs and nothing will happen. */
  settle(): void {
    this.idleUntil(Infinity);
  }

  get #canRun(): boolean {
    return this.#woken.length > 0 || this.#yielded.length > 0;
  }

  #runWoken(): void {
    for (let task = this.#woken.shift(); task !== undefined; task = this.#woken.shift()) {
      task.resume();
    }
  }

  #happenUntil(atUs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atUs <= atUs; next = this.#heap[0]) {
      this.#removeFirst();
      next.happen();
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, left)) child += 1;
      const below = heap[child];
      if (below === undefined || isBefore(last, below)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atUs < other.atUs || (one.atUs === other.atUs && one.order < other.order);
}
