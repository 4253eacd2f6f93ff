/**
 * A large folio is faulted in whose pages are in the pool, on the device or zero, in every pattern,
 * while one of them changes its place.
 */
import type { Action } from '../../world/actor.ts';
import type { MemoryActions } from '../../world/memory-actions.ts';
import type { Stage } from '../../world/stage.ts';
import type { Scenario } from '../scenario.ts';

/** Each page one of these: a choice that is explored like those of the scheduler. */
function draw(stage: Stage, choices: number): number {
  let choice = 0;
  while (choice < choices - 1 && stage.rt.randomU32() > 2 ** 31) choice += 1;
  return choice;
}

/** A paged out folio of consecutive pages, in a pattern of pool, device and zero. */
function scatter(stage: Stage, order: number, kinds: number): MemoryActions {
  stage.space(16, 16);
  const pages = 2 ** order;
  const large = stage.memory('large', pages, order);
  const pattern = Array.from({ length: pages }, () => draw(stage, kinds));
  const ids = [1, 2, 4, 5];
  for (const [page, kind] of pattern.entries()) {
    stage.now(large.write(page, kind === 2 ? 0 : (ids[page] ?? 0)));
  }
  stage.now(large.pageout());
  for (const [page, kind] of pattern.entries()) if (kind === 1) stage.now(...large.toDevice(page));
  return large;
}

function largeFault(
  name: string,
  summary: string,
  rest: Partial<Scenario>,
  other: (large: MemoryActions, stage: Stage) => readonly Action[],
  kinds = 2,
  order = 2,
): Scenario {
  return {
    name,
    summary,
    covers: ['T003-a', 'T003-b', 'T003-c', 'T003-d'],
    world: { devicePages: 16 },
    reaches: ['mm.swap-in.loaded'],
    ...rest,
    play(stage) {
      const large = scatter(stage, order, kinds);
      const actions = other(large, stage);
      stage.actor('fault', large.read(2 ** order - 1));
      stage.actor('other', ...actions);
    },
  };
}

export const largeFaultWriteback: Scenario = largeFault(
  'large-fault-writeback',
  'a large folio is faulted in, in every pattern of pool and device, while pages are written back',
  {},
  (large) => [large.chill(), large.writeback(2)],
);

export const largeFaultDiscard: Scenario = largeFault(
  'large-fault-discard',
  'the same while one of its pages is discarded and written anew',
  {},
  (large) => [large.discard(1), large.write(1, 7)],
);

export const largeFaultSmallFault: Scenario = largeFault(
  'large-fault-small-fault',
  'the same while one of its pages is faulted in alone by a copy of the region',
  { covers: ['T003-c', 'T003-d', 'catalogue 50'] },
  (large, stage) => {
    let copy: MemoryActions = large;
    stage.now(large.copy('copy', (made) => (copy = made), 0));
    return [copy.read(1), copy.write(2, 7)];
  },
);

export const largeFaultStore: Scenario = largeFault(
  'large-fault-store',
  'the same while one of its pages is written to and paged out',
  {},
  (large) => [large.write(1, 7), large.pageout(1, 1)],
  2,
  1,
);

export const largeFaultZero: Scenario = largeFault(
  'large-fault-zero',
  'a large folio in every pattern of pool, device and zero while pages are written back',
  { covers: ['T003-e'] },
  (large) => [large.chill(), large.writeback(1), large.read(0)],
  3,
  1,
);

export const largeFaultCorrupt: Scenario = {
  name: 'large-fault-corrupt',
  summary: 'a large folio in every pattern whose pages in the pool cannot be decompressed',
  covers: ['T003-f', 'catalogue 33'],
  world: { devicePages: 16 },
  reaches: ['cannot be read'],
  play(stage) {
    const large = scatter(stage, 1, 2);
    stage.readsMayFail = true;
    stage.actor('fault', large.read(0), large.read(1));
    stage.actor(
      'nemesis',
      stage.act('the pool is corrupt', () => (stage.corruptPool = true)),
    );
  },
};
