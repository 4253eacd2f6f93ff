/**
 * Every schedule, depth first: each execution repeats the choices of the one before up to the last
 * that has an alternative, and takes that. Numbers are tried as the highest and as the lowest.
 *
 * With `reduce`, schedules that differ only in the order of steps that commute are run once (sleep
 * sets): once all that follows a step has been seen, the step sleeps at its siblings until somebody
 * does what does not commute with it. All states are still reached. `docs/explorer.md` has the
 * argument.
 *
 * With a bound, only schedules with so many preemptions at most are run. A reduced schedule may
 * stand for one with fewer preemptions, so the two exclude each other.
 *
 * @see Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, chapter 5
 * @see Musuvathi and Qadeer, Iterative context bounding for systematic testing (PLDI 2007)
 */
import { assert, present } from '../../std/assert.ts';
import { ScheduleError } from '../engine/execution.ts';
import { EVERYTHING, preemptedIndex } from '../engine/scheduler.ts';
import type { Footprint, LastStep, Runnable, Scheduler } from '../engine/scheduler.ts';

export interface DfsOptions {
  /** Leave out schedules that are equivalent to one that is run. */
  readonly reduce?: boolean;
  /** Preemptions at most; not together with `reduce`. */
  readonly preemptions?: number;
}

interface TaskNode {
  readonly kind: 'task';
  readonly actors: readonly string[];
  /** Indices into `actors` to try, in order; `at` is the one being tried. */
  readonly candidates: readonly number[];
  at: number;
  /** What the step being tried has touched, in all its executions. */
  readonly touched: Set<string>;
  /** Steps of which all that follows has been seen. */
  readonly sleep: Map<string, Footprint>;
  /** Preemptions before this choice, and the candidate that would be none. */
  readonly preemptions: number;
  readonly free: number;
}

interface NumberNode {
  readonly kind: 'number';
  at: number;
}

const NUMBERS = [0xffff_ffff, 0] as const;

export class DfsScheduler implements Scheduler {
  readonly #reduce: boolean;
  readonly #bound: number;
  readonly #path: (TaskNode | NumberNode)[] = [];
  #depth = 0;
  #previous: TaskNode | undefined;
  #started = false;

  constructor(options: DfsOptions = {}) {
    this.#reduce = options.reduce ?? false;
    this.#bound = options.preemptions ?? Infinity;
    assert(
      !this.#reduce || this.#bound === Infinity,
      'a bound and the reduction exclude each other',
    );
  }

  newExecution(): boolean {
    this.#depth = 0;
    this.#previous = undefined;
    if (!this.#started) {
      this.#started = true;
      return true;
    }
    for (let node = this.#path.at(-1); node !== undefined; node = this.#path.at(-1)) {
      if (advance(node, this.#reduce)) return true;
      this.#path.pop();
    }
    return false;
  }

  nextTask(runnable: readonly Runnable[], last: LastStep | undefined): number | undefined {
    const previous = this.#previous;
    if (previous !== undefined && last !== undefined) {
      for (const name of last.footprint) previous.touched.add(name);
    }
    let node = this.#path[this.#depth];
    if (node === undefined) {
      node = this.#expand(runnable, last);
      if (node === undefined) return undefined;
      this.#path.push(node);
    } else checkRepeated(node, runnable);
    this.#depth += 1;
    this.#previous = node;
    return node.candidates[node.at];
  }

  nextU32(): number {
    let node = this.#path[this.#depth];
    if (node === undefined) {
      node = { kind: 'number', at: 0 };
      this.#path.push(node);
    } else if (node.kind !== 'number') throw notRepeatable();
    this.#depth += 1;
    return present(NUMBERS[node.at]);
  }

  #expand(runnable: readonly Runnable[], last: LastStep | undefined): TaskNode | undefined {
    const previous = this.#previous;
    const actors = runnable.map(({ actor }) => actor);
    assert(new Set(actors).size === actors.length, `two tasks of one actor: ${actors.join()}`);
    const sleep = this.#reduce ? stillAsleep(previous, last) : new Map<string, Footprint>();
    const free = preemptedIndex(runnable, last);
    const before = previous === undefined ? 0 : previous.preemptions + costOf(previous);
    const others = actors.map((_, index) => index).filter((index) => index !== free);
    const all = free < 0 ? others : [free, ...others];
    const affordable = free >= 0 && before >= this.#bound ? [free] : all;
    const candidates = affordable.filter((index) => !sleep.has(present(actors[index])));
    if (candidates.length === 0) return undefined;
    const touched = new Set<string>();
    return { kind: 'task', actors, candidates, at: 0, touched, sleep, preemptions: before, free };
  }
}

function costOf(node: TaskNode): number {
  return node.free >= 0 && node.candidates[node.at] !== node.free ? 1 : 0;
}

/** Goes to the next alternative; false: there is none. */
function advance(node: TaskNode | NumberNode, reduce: boolean): boolean {
  if (node.kind === 'task' && reduce) {
    const actor = present(node.actors[present(node.candidates[node.at])]);
    node.sleep.set(actor, new Set(node.touched));
    node.touched.clear();
  }
  node.at += 1;
  return node.at < (node.kind === 'task' ? node.candidates.length : NUMBERS.length);
}

/** The steps that sleep on after the last one, because they commute with it. */
function stillAsleep(
  previous: TaskNode | undefined,
  last: LastStep | undefined,
): Map<string, Footprint> {
  const asleep = new Map<string, Footprint>();
  if (previous === undefined || last === undefined) return asleep;
  for (const [actor, footprint] of previous.sleep) {
    if (actor !== last.actor && commute(footprint, last.footprint)) asleep.set(actor, footprint);
  }
  return asleep;
}

function commute(one: Footprint, other: Footprint): boolean {
  if (one.has(EVERYTHING) || other.has(EVERYTHING)) return false;
  for (const name of one) if (other.has(name)) return false;
  return true;
}

function checkRepeated(
  node: TaskNode | NumberNode,
  runnable: readonly Runnable[],
): asserts node is TaskNode {
  if (node.kind !== 'task') throw notRepeatable();
  const same = node.actors.every((actor, index) => runnable[index]?.actor === actor);
  if (!same || node.actors.length !== runnable.length) throw notRepeatable();
}

function notRepeatable(): ScheduleError {
  return new ScheduleError('the same choices have led elsewhere: something decides by itself');
}
