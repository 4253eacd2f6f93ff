/** Two regions that share a page, of which both write to it while it comes and goes. */
import type { MemoryActions } from '../../world/memory-actions.ts';
import type { Scenario } from '../scenario.ts';

export const copyOnWrite: Scenario = {
  name: 'copy-on-write',
  summary: 'a region and its copy write to a shared page while it is paged out',
  covers: ['T000-d'],
  world: {},
  reaches: ['mm.swap-in.loaded', 'paged out'],
  preemptions: 3,
  play(stage) {
    stage.space(8, 8);
    const one = stage.memory('one', 1);
    let copy: MemoryActions = one;
    stage.now(
      one.write(0, 1),
      one.copy('copy', (made) => (copy = made)),
    );
    stage.actor('one', one.write(0, 2), one.read(0));
    stage.actor('copy', copy.write(0, 4), copy.read(0));
    stage.actor('pageout', one.pageout());
  },
};
