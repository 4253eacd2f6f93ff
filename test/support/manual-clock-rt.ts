/**
 * An {@link Rt} for tests of sockets: work runs on the event loop, but the clock only moves when
 * the test moves it, so deadlines are reached without waiting for them.
 */
import type { Rt, Task } from '../../src/rt/rt.ts';

export class ManualClockRt implements Rt {
  #nowMs = 0;
  #sleepers: { readonly untilMs: number; readonly resolve: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  randomU32(): number {
    return 4;
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
    return new Promise((resolve) => setImmediate(resolve));
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.push({ untilMs: this.#nowMs + ms, resolve });
    });
  }

  /** Moves the clock in steps of `stepMs`, letting everybody who is due run in between. */
  async advance(ms: number, stepMs = 500): Promise<void> {
    for (let gone = 0; gone < ms; gone += stepMs) {
      this.#nowMs += Math.min(stepMs, ms - gone);
      const due = this.#sleepers.filter((sleeper) => sleeper.untilMs <= this.#nowMs);
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.untilMs > this.#nowMs);
      for (const sleeper of due) sleeper.resolve();
      await this.yieldNow();
      await this.yieldNow();
    }
  }
}
