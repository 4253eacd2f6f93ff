/** Reclaim at a limit never touches another group. */
import type { Scenario } from '../scenario.ts';

export const siblingIsolation: Scenario = {
  name: 'sibling-isolation',
  summary: 'a group at its limit stores while its sibling gives up one page of its own',
  covers: ['T002-e', 'catalogue 7'],
  world: { devicePages: 8 },
  reaches: ['zswap.writeback.taken'],
  play(stage) {
    const one = stage.disk('one', 3);
    const sibling = stage.disk('sibling', 2);
    stage.now(one.write(0, 3, 6), sibling.write(0, 2, 4), one.chill(), sibling.chill());
    one.memcg.setZswapMax(4096);
    stage.actor('writer', one.write(2, 1));
    stage.actor('sibling writeback', sibling.writeback(1));
    stage.atEnd(() => {
      const { table } = stage.world.swap;
      const left = [0, 1].filter((page) => table.kind(sibling.slot(page)) === 'entry');
      return left.length > 0 ? undefined : 'the sibling has no page left in the pool';
    });
  },
};
