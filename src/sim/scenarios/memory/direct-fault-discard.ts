/** A page that is faulted in directly while it is discarded, used anew and written back. */
import type { Scenario } from '../scenario.ts';

export const directFaultDiscard: Scenario = {
  name: 'direct-fault-discard',
  summary: 'a page is faulted in without the swap cache while it is discarded and written anew',
  covers: ['T000-b', 'catalogue 15'],
  world: {},
  reaches: ['mm.swap-in.loaded', 'paged out'],
  play(stage) {
    stage.space(8, 8, { swapinMode: 'direct' });
    const one = stage.memory('one', 1);
    stage.now(one.write(0, 1), one.pageout());
    stage.actor('fault', one.read(0));
    stage.actor('other', one.discard(0), one.write(0, 2), one.pageout());
  },
};
