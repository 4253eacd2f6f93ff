/** Neighbours that are read ahead and used, discarded or written to meanwhile. */
import type { Scenario } from '../scenario.ts';

export const faultReadahead: Scenario = {
  name: 'fault-readahead',
  summary: 'a neighbour that is being read ahead is faulted on, and another one discarded',
  covers: ['T002-d'],
  world: { devicePages: 16 },
  reaches: ['mm.swap-in.loaded', 'read ahead and used'],
  preemptions: 0,
  play(stage) {
    const mm = stage.space(8, 8, { pageCluster: 2 });
    const one = stage.memory('one', 3);
    stage.now(one.write(0, 1), one.write(1, 2), one.write(2, 4), one.pageout());
    for (let page = 0; page < 3; page += 1) stage.now(...one.toDevice(page));
    stage.actor('fault', one.read(0));
    stage.actor(
      'other',
      one.write(1, 5),
      stage.act('look', () => {
        if (mm.stats.events.swap_ra_hit > 0) stage.rt.mark('read ahead and used');
      }),
      one.discard(2),
    );
  },
};
