/** A group at its limit whose reclaim comes to the very entry that is being faulted in. */
import { PAGE_SIZE } from '../../../std/units.ts';
import type { Scenario } from '../scenario.ts';

export const chargeOwnEntry: Scenario = {
  name: 'charge-own-entry',
  summary: 'a fault of a group at its memory.max reclaims from the group while it owns a slot',
  covers: ['T002-a', 'catalogue 32'],
  world: { devicePages: 8, poolPages: 8 },
  reaches: ['mm.swap-in.loaded', 'written back by a limit'],
  play(stage) {
    const mm = stage.space(8, 8);
    const one = stage.memory('one', 2);
    // Pages that do not compress: two entries are two pages, and the limit.
    for (const page of [0, 1]) stage.now(one.write(page, 3 + 3 * page));
    stage.now(one.pageout(), one.chill());
    one.memcg.setMemoryMax(2 * PAGE_SIZE);
    stage.actor(
      'fault',
      one.read(0),
      stage.act('look', () => {
        if (one.memcg.events.zswpwb > 0) stage.rt.mark('written back by a limit');
      }),
    );
    stage.actor('other', one.discard(1));
    stage.atEnd(() => {
      one.memcg.setMemoryMax(Infinity);
      return mm.reclaim.running === 0 ? undefined : 'reclaim goes on';
    });
  },
};
