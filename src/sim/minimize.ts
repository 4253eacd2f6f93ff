/**
 * Makes a failing schedule smaller: fewer preemptions first, then fewer steps, as long as the same
 * rule is broken. Steps of one actor are moved together, and the end is left to whoever runs.
 */
import { present } from '../std/assert.ts';
import { execute, type BeginTrial, type Execution } from './engine/execution.ts';
import type { Failure } from './engine/failure.ts';
import { GuidedScheduler } from './schedulers/guided.ts';
import { ReplayScheduler } from './schedulers/replay.ts';

/** Executions that minimizing may take. */
const EXECUTIONS_MAX = 2000;

interface Found {
  readonly failure: Failure;
  readonly preemptions: number;
  readonly actors: readonly string[];
}

/** The smallest failure that was found from this one; the same rule is broken. */
export function minimize(begin: BeginTrial, failure: Failure): Failure {
  const first = execute(begin, new ReplayScheduler(failure.schedule));
  const numbers = numbersOf(begin, failure);
  let executions = 0;
  const attempt = (actors: readonly string[]): Found | undefined => {
    executions += 1;
    const run = execute(begin, new GuidedScheduler(actors, numbers));
    return run.failure?.name === failure.name ? foundIn(run) : undefined;
  };
  let best = foundIn(first);
  if (best === undefined) return failure;
  for (;;) {
    let better: Found | undefined;
    for (const actors of candidates(best.actors)) {
      if (executions >= EXECUTIONS_MAX) return best.failure;
      const found = attempt(actors);
      if (found === undefined || !isSmaller(found, best)) continue;
      better = found;
      break;
    }
    if (better === undefined) return best.failure;
    best = better;
  }
}

function foundIn({ failure, preemptions, steps }: Execution): Found | undefined {
  if (failure === undefined) return undefined;
  return { failure, preemptions, actors: steps.map(({ actor }) => actor) };
}

function isSmaller(one: Found, other: Found): boolean {
  if (one.preemptions !== other.preemptions) return one.preemptions < other.preemptions;
  if (one.actors.length !== other.actors.length) return one.actors.length < other.actors.length;
  return switches(one.actors) < switches(other.actors);
}

function switches(actors: readonly string[]): number {
  return actors.filter((actor, index) => index > 0 && actor !== actors[index - 1]).length;
}

/** Schedules that may be smaller: the front of this one, and this one with blocks put together. */
function* candidates(actors: readonly string[]): Generator<readonly string[]> {
  for (let length = 0; length < actors.length; length += 1) yield actors.slice(0, length);
  const blocks = blocksOf(actors);
  for (let from = 0; from < blocks.length; from += 1) {
    const actor = present(blocks[from])[0];
    for (let next = from + 1; next < blocks.length; next += 1) {
      if (present(blocks[next])[0] !== actor) continue;
      // The later block joins the earlier one, or the earlier waits for the later.
      yield moved(blocks, next, from + 1).flat();
      yield moved(blocks, from, next).flat();
      break;
    }
  }
  for (let skipped = 0; skipped < blocks.length; skipped += 1) {
    yield blocks.filter((_, index) => index !== skipped).flat();
  }
}

function blocksOf(actors: readonly string[]): string[][] {
  const blocks: string[][] = [];
  for (const actor of actors) {
    const last = blocks.at(-1);
    if (last?.[0] === actor) last.push(actor);
    else blocks.push([actor]);
  }
  return blocks;
}

function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const rest = items.filter((_, index) => index !== from);
  const place = to > from ? to - 1 : to;
  return [...rest.slice(0, place), present(items[from]), ...rest.slice(place)];
}

/** The numbers that a failing execution has drawn. */
function numbersOf(begin: BeginTrial, failure: Failure): readonly number[] {
  const numbers: number[] = [];
  const replay = new ReplayScheduler(failure.schedule);
  execute(begin, {
    newExecution: () => replay.newExecution(),
    nextTask: (runnable) => replay.nextTask(runnable),
    nextU32: () => {
      const number = replay.nextU32();
      numbers.push(number);
      return number;
    },
  });
  return numbers;
}
