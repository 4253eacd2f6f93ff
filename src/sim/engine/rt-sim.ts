/**
 * The {@link Rt} that decides who goes next. Everything that could run is in one list, in the order
 * it became so; at each step a {@link Scheduler} picks one. So a run is repeated exactly by its
 * choices. Time is virtual and moves only with steps.
 *
 * Each task belongs to an actor: one that was given with {@link SimRt.nameTask}, for a plain object
 * one named after who made it runnable, for others the name of their class.
 */
import type { Rt, Task } from '../../rt/rt.ts';
import { RandomScheduler } from '../schedulers/random.ts';
import { ENGINE, EVERYTHING } from './scheduler.ts';
import type { LastStep, Runnable, Scheduler } from './scheduler.ts';

/** A step budget was used up: somebody spins or nobody finishes. */
export class StepBudgetError extends Error {
  override readonly name = 'StepBudgetError';
}

/** Virtual milliseconds that one step takes. */
const STEP_MS = 0.01;
const U32_MAX = 0xffff_ffff;

/**
 * Steps that touch nothing but the slots and device pages whose names they leave: where they begin
 * (or a prefix of it) and where they stop. `docs/explorer.md` argues for each.
 */
const LOCAL_STEPS: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^begin /, /^(?:blk\.(?:read|write|discard)\.locked|queued)$/],
  [/^zswap\.store\.admitted$/, /^zswap\.store\.compressed$/],
  [/^device /, /^completed$/],
];

export class SimRt implements Rt {
  readonly #scheduler: Scheduler;
  readonly #runnable: Runnable[] = [];
  readonly #names = new WeakMap<Task, string>();
  readonly #nameUses = new Map<string, number>();
  /** How often each point was reached, by name: tests see from it what a run has covered. */
  readonly marks: Map<string, number> = new Map();
  /** How far the clock moves at each look: time that passes inside a step, or a jump. */
  msPerLook = 0;
  /** Whether footprints are taken. */
  watching = false;
  #steps = 0;
  #jumpedMs = 0;
  #sequential = false;
  #gaveUp = false;
  #current: Runnable | undefined;
  #last: LastStep | undefined;
  #touched = new Set<string>();
  #stop = '';

  /** @param scheduler - or the seed of a {@link RandomScheduler} */
  constructor(scheduler: Scheduler | number) {
    this.#scheduler = typeof scheduler === 'number' ? new RandomScheduler(scheduler) : scheduler;
  }

  /** Steps taken. */
  get steps(): number {
    return this.#steps;
  }

  get idle(): boolean {
    return this.#runnable.length === 0;
  }

  /** The scheduler has given the execution up. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** The actor that runs, or ran last. */
  get actor(): string {
    return this.#current?.actor ?? 'nobody';
  }

  /** Where the step that runs, or ran last, went on from. */
  get at(): string {
    return this.#current?.at ?? '';
  }

  nowMs(): number {
    // Time depends on the steps of everybody.
    this.touch(EVERYTHING);
    this.#jumpedMs += this.msPerLook;
    return this.#steps * STEP_MS + this.#jumpedMs;
  }

  randomU32(): number {
    return this.#sequential ? U32_MAX : this.#scheduler.nextU32();
  }

  point(name: string, task: Task): boolean {
    this.mark(name);
    this.stopAt(name);
    this.#push(task, name, true);
    return true;
  }

  wake(task: Task): void {
    this.#push(task, 'woken', false);
  }

  yieldTask(task: Task): void {
    this.#push(task, 'yielded', false);
  }

  async yieldNow(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#push({ resume: resolve }, 'yielded', false);
    });
  }

  async sleep(): Promise<void> {
    await this.yieldNow();
  }

  /** Makes a task runnable that goes on from a place with a name. */
  ready(task: Task, at: string): void {
    this.#push(task, at, false);
  }

  /** Says whose task it is. */
  nameTask(task: Task, actor: string): void {
    this.#names.set(task, actor);
  }

  /** Counts that a place was reached. */
  mark(name: string): void {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
  }

  /** Notes that the step that runs has touched something. */
  touch(name: string): void {
    if (this.watching) this.#touched.add(name);
  }

  /** Notes where the step that runs has stopped. */
  stopAt(place: string): void {
    this.#stop = place;
  }

  /** Lets one runnable task go on, as the scheduler says; false if there is none. */
  step(): boolean {
    if (this.#runnable.length === 0) return false;
    const index = this.#sequential ? 0 : this.#scheduler.nextTask(this.#runnable, this.#last);
    if (index === undefined) {
      this.#gaveUp = true;
      return false;
    }
    const [next] = this.#runnable.splice(index, 1);
    if (next === undefined) throw new RangeError(`no runnable task ${index}`);
    this.#steps += 1;
    this.#current = next;
    this.#stop = '';
    // Checks between two steps look at slots, too.
    if (this.watching) this.#touched = new Set();
    next.task.resume();
    this.#endStep(next);
    return true;
  }

  /**
   * Steps until nothing can run.
   *
   * @param budget - steps at most; more throw {@link StepBudgetError}
   * @param afterStep - called after each step, to check what must always hold
   */
  run(budget: number, afterStep: () => void = () => {}): void {
    for (let i = 0; i < budget; i += 1) {
      if (!this.step()) return;
      afterStep();
    }
    if (!this.idle) throw new StepBudgetError(`still running after ${budget} steps`);
  }

  /** The same in the order of becoming runnable, without asking the scheduler. */
  runInOrder(budget: number): void {
    this.#sequential = true;
    try {
      this.run(budget);
    } finally {
      this.#sequential = false;
      this.#last = undefined;
    }
  }

  #endStep({ actor, at }: Runnable): void {
    const footprint = this.#touched;
    if (this.watching) {
      const isLocal = LOCAL_STEPS.some(([from, to]) => from.test(at) && to.test(this.#stop));
      if (!isLocal) footprint.add(ENGINE);
      this.#touched = new Set();
    }
    this.#last = { actor, footprint };
  }

  #push(task: Task, at: string, preempted: boolean): void {
    this.#runnable.push({ task, actor: this.#actorOf(task), at, preempted });
  }

  #actorOf(task: Task): string {
    const given = this.#names.get(task);
    if (given !== undefined) return given;
    const type = task.constructor.name;
    // What somebody has left to be done is not that one's next step.
    if (type === 'Object') return `after ${this.actor}`;
    const plain = type.replaceAll(/\B[A-Z]/g, '-$&').toLowerCase();
    const uses = (this.#nameUses.get(plain) ?? 0) + 1;
    this.#nameUses.set(plain, uses);
    const name = uses === 1 ? plain : `${plain} ${uses}`;
    this.#names.set(task, name);
    return name;
  }
}
