/** The same through the swap cache, as the newest kernels do. */
import type { Scenario } from '../scenario.ts';

export const cachedFaultWriteback: Scenario = {
  name: 'cached-fault-writeback',
  summary: 'two fault on a page through the swap cache while its entry is written back',
  covers: ['T000-e', 'T002-d', 'T004-a'],
  world: { devicePages: 8 },
  reaches: ['mm.swap-in.loaded', 'written back', 'nothing written back'],
  play(stage) {
    stage.space(8, 8);
    const one = stage.memory('one', 1);
    stage.now(one.write(0, 1), one.pageout(), one.chill());
    stage.actor('fault', one.read(0));
    stage.actor('writeback', one.writeback());
    stage.actor('other', one.write(0, 2));
  },
};
