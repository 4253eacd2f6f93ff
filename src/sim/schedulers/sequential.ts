/**
 * Schedules in which nothing overlaps: a request, and all that it sets going, ends before the next
 * thing begins. What is left to choose is which actor begins next, and that is another scheduler's
 * choice.
 *
 * What is found here needs no interleaving: any test that does one thing after the other could find
 * it.
 */
import { present } from '../../std/assert.ts';
import type { LastStep, Runnable, Scheduler } from '../engine/scheduler.ts';

export class SequentialScheduler implements Scheduler {
  readonly #inner: Scheduler;

  /** @param inner - chooses who begins, and numbers */
  constructor(inner: Scheduler) {
    this.#inner = inner;
  }

  newExecution(): boolean {
    return this.#inner.newExecution();
  }

  nextTask(runnable: readonly Runnable[], last: LastStep | undefined): number | undefined {
    const under = runnable.flatMap((each, index) => (isBeginning(each) ? [] : [index]));
    if (under.length > 0) {
      const same = under.find((index) => isOf(present(runnable[index]).actor, last?.actor));
      return same ?? under[0];
    }
    return this.#inner.nextTask(runnable, last);
  }

  nextU32(): number {
    return this.#inner.nextU32();
  }
}

/** It is an actor that has not begun its next thing. */
function isBeginning({ at }: Runnable): boolean {
  return at.startsWith('begin ');
}

/** They are one actor, or one is the device at work for the other. */
function isOf(one: string, other: string | undefined): boolean {
  return userOf(one) === userOf(other ?? '');
}

function userOf(actor: string): string {
  return actor.replace(/^(?:device of )+/, '');
}
