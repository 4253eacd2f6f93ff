/** A runtime on the event loop with a seeded source of chance, for tests that need no schedule. */
import type { Rt, Task } from '../../src/rt/rt.ts';

export class LoopRt implements Rt {
  #seed = 1;

  nowMs(): number {
    return performance.now();
  }

  randomU32(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed;
  }

  point(): boolean {
    return false;
  }

  wake(task: Task): void {
    queueMicrotask(() => task.resume());
  }

  yieldTask(task: Task): void {
    setImmediate(() => task.resume());
  }

  yieldNow(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  }
}
