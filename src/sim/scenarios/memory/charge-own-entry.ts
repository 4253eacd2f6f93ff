/** A group at its limit whose reclaim comes to the very entry that is being faulted in. */
import { PAGE_SIZE } from '../../../std/units.ts';
import type { Scenario } from '../scenario.ts';

export const chargeOwnEntry: Scenario = {
  name: 'charge-own-entry',
  summary: 'faults of a group at its memory.max reclaim from the group while they own their slots',
  covers: ['T002-a', 'T002-b', 'catalogue 32'],
  world: { devicePages: 8, poolPages: 8 },
  reaches: ['mm.swap-in.loaded', 'written back by a limit'],
  preemptions: 0,
  play(stage) {
    const mm = stage.space(8, 8);
    const one = stage.memory('one', 3);
    // Pages that do not compress: three entries are three pages, and the limit.
    for (const page of [0, 1, 2]) stage.now(one.write(page, 3 + 3 * page));
    stage.now(one.pageout(), one.chill());
    one.memcg.setMemoryMax(3 * PAGE_SIZE);
    stage.actor('fault', one.read(0));
    stage.actor(
      'other fault',
      one.read(1),
      stage.act('look', () => {
        if (one.memcg.events.zswpwb > 0) stage.rt.mark('written back by a limit');
      }),
    );
    stage.atEnd(() => {
      one.memcg.setMemoryMax(Infinity);
      return mm.reclaim.running === 0 ? undefined : 'reclaim goes on';
    });
  },
};
