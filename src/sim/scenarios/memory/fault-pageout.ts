/** A page taken over from the pool, which has to go there again. */
import type { Scenario } from '../scenario.ts';

export const faultPageout: Scenario = {
  name: 'fault-pageout',
  summary: 'pages are faulted in, written to and paged out at the same time',
  covers: ['T000-d'],
  world: {},
  reaches: ['mm.swap-in.loaded', 'mm.swap-out.unmapped', 'paged out'],
  preemptions: 3,
  play(stage) {
    stage.space(8, 8);
    const one = stage.memory('one', 1);
    stage.now(one.write(0, 1), one.pageout());
    stage.actor('reader', one.read(0), one.read(0));
    stage.actor('writer', one.write(0, 2));
    stage.actor('pageout', one.pageout(), one.pageout());
  },
};
