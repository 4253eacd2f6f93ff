/** Trials for the explorer itself: actors that take so many steps and do nothing else. */
import type { BeginTrial } from '../../src/sim/engine/execution.ts';
import type { SimRt } from '../../src/sim/engine/rt-sim.ts';
import type { Violation } from '../../src/sim/engine/failure.ts';

export interface StepTrialOptions {
  /** Steps of each actor. */
  readonly steps: readonly number[];
  /** Steps touch nothing but the actor's own slot, and say so. */
  readonly isLocal?: boolean;
  /** Told of each step, by the actor's letter; what it returns is wrong. */
  readonly onStep?: (order: string) => string | undefined;
}

/** Actors `a`, `b`, …, whose state is the number of steps each has taken. */
export function stepTrial(options: StepTrialOptions): BeginTrial {
  return (rt) => {
    let order = '';
    let violation: Violation | undefined;
    rt.watching = true;
    for (const [index, count] of options.steps.entries()) {
      const actor = String.fromCharCode(97 + index);
      addActor(rt, actor, count, options.isLocal ?? false, () => {
        order += actor;
        const message = options.onStep?.(order);
        if (message !== undefined) violation = { name: 'order', message };
      });
    }
    const taken = (): string =>
      options.steps
        .map((_, index) => order.split(String.fromCharCode(97 + index)).length - 1)
        .join();
    return { check: () => violation, finish: () => undefined, digest: taken };
  };
}

function addActor(
  rt: SimRt,
  actor: string,
  count: number,
  isLocal: boolean,
  step: () => void,
): void {
  let left = count;
  const task = {
    resume: (): void => {
      left -= 1;
      step();
      rt.touch(`slot of ${actor}`);
      if (left > 0 && isLocal) rt.ready(task, 'device page');
      else if (left > 0) rt.point('test.place', task);
      if (isLocal) rt.stopAt('completed');
    },
  };
  rt.nameTask(task, actor);
  rt.ready(task, 'device page');
}
