/**
 * The only door for time, chance and waiting. Production code is given an {@link Rt} and never asks
 * which one it has: `rt-node` runs on the event loop, a simulated one decides who goes next.
 *
 * Work that may wait is a {@link Task}: a preallocated record with a stage. Its `run` is a chain of
 * sections without waits; where it must wait, the record is queued with whoever will wake it, `run`
 * returns, and `resume` later runs it again from the stage it noted. So a wait costs no promise and
 * no closure, and no verb has a synchronous and an asynchronous twin.
 */

/** Something that can be parked and made to run again. */
export interface Task {
  /** Goes on from where it stopped. Called by {@link Rt} only, from an empty stack. */
  resume(): void;
}

export interface Rt {
  /** Monotonic milliseconds, fractional. */
  nowMs(): number;
  /** A uniformly random unsigned 32-bit integer. */
  randomU32(): number;
  /**
   * A place where somebody else could run. In production it does nothing and returns false; a
   * simulated runtime may take the task and return true, and then the caller returns at once,
   * having noted its stage, and goes on when resumed.
   *
   * @param name - `floor.verb.place`, unique in the tree and listed in `docs/concurrency.md`
   */
  point(name: string, task: Task): boolean;
  /** Makes a parked task run again, after the current section. */
  wake(task: Task): void;
  /**
   * Makes a running task run again after input and output have had their turn (long work in
   * slices).
   */
  yieldTask(task: Task): void;
  /** The same for control-plane code that is written with promises. */
  yieldNow(): Promise<void>;
  /** Resolves after at least `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
}
