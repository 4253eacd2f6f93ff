/** Two regions that share a page, which both write to. */
import type { MemoryActions } from '../../world/memory-actions.ts';
import type { Scenario } from '../scenario.ts';

export const copyOnWrite: Scenario = {
  name: 'copy-on-write',
  summary: 'two of one region and one of its copy write to a page that they share',
  covers: ['T000-d'],
  world: {},
  reaches: ['mm.fault.charged'],
  play(stage) {
    stage.space(8, 8);
    const one = stage.memory('one', 1);
    let copy: MemoryActions = one;
    stage.now(
      one.write(0, 1),
      one.copy('copy', (made) => (copy = made)),
    );
    stage.actor('one', one.write(0, 2));
    stage.actor('the same', one.write(0, 5));
    stage.actor('copy', copy.write(0, 4));
  },
};
