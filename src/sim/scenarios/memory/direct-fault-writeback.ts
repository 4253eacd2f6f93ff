/** A page that is faulted in directly while its entry is written back. */
import type { Scenario } from '../scenario.ts';

export const directFaultWriteback: Scenario = {
  name: 'direct-fault-writeback',
  summary: 'two fault on a page without the swap cache while its entry is written back',
  covers: ['T000-c', 'T002-d'],
  world: { devicePages: 8 },
  reaches: ['mm.swap-in.loaded', 'written back', 'nothing written back'],
  play(stage) {
    stage.space(8, 8, { swapinMode: 'direct' });
    const one = stage.memory('one', 1);
    stage.now(one.write(0, 1), one.pageout(), one.chill());
    stage.actor('fault', one.read(0));
    stage.actor('writeback', one.writeback());
    stage.actor('other', one.write(0, 2));
  },
};
