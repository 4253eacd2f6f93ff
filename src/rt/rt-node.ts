/**
 * The real {@link Rt}: the event loop, its clock and its chance. Woken tasks run in a microtask, in
 * the order they were woken; so many at a time that input and output are not starved.
 */
import type { Rt, Task } from './rt.ts';
import { Ring } from '../std/ring.ts';

/** Woken tasks that run before the event loop gets its turn. */
const WAKE_BATCH_MAX = 64;
/**
 * Milliseconds after which the next task waits for the event loop's next turn. Each task has a
 * slice of its own; many that come due together must not make one long run of theirs.
 */
const TURN_MS = 0.5;
/**
 * The same for tasks that have yielded: they are in the background of what comes in, which should
 * wait for one of their slices and not for one of each.
 */
const YIELDED_TURN_MS = 0.05;

export class NodeRt implements Rt {
  readonly #woken = new Ring<Task>();
  readonly #yielded = new Ring<Task>();
  #wokenScheduled = false;
  #yieldedScheduled = false;
  readonly #runWoken = (): void => {
    // Still noted as scheduled while it runs: what the tasks wake belongs to this batch or, beyond
    // its end, to the next turn. Another microtask would come before input and output again.
    this.#run(this.#woken, WAKE_BATCH_MAX, TURN_MS);
    if (this.#woken.length > 0) setImmediate(this.#runWoken);
    else this.#wokenScheduled = false;
  };
  readonly #runYielded = (): void => {
    // Only those that yielded before now: a task that yields again waits for the next turn.
    this.#run(this.#yielded, this.#yielded.length, YIELDED_TURN_MS);
    if (this.#yielded.length > 0) setImmediate(this.#runYielded);
    else this.#yieldedScheduled = false;
  };

  nowMs(): number {
    return performance.now();
  }

  randomU32(): number {
    return Math.floor(Math.random() * 0x1_0000_0000);
  }

  point(): boolean {
    return false;
  }

  wake(task: Task): void {
    this.#woken.push(task);
    if (this.#wokenScheduled) return;
    this.#wokenScheduled = true;
    queueMicrotask(this.#runWoken);
  }

  yieldTask(task: Task): void {
    this.#yielded.push(task);
    if (this.#yieldedScheduled) return;
    this.#yieldedScheduled = true;
    setImmediate(this.#runYielded);
  }

  async yieldNow(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }

  async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, ms);
    });
  }

  #run(queue: Ring<Task>, limit: number, turnMs: number): void {
    const startMs = this.nowMs();
    for (let i = 0; i < limit; i += 1) {
      const task = queue.shift();
      if (task === undefined) return;
      task.resume();
      if (this.nowMs() - startMs >= turnMs) return;
    }
  }
}
