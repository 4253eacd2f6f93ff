/** Reclaim at a limit never touches another group. */
import type { Scenario } from '../scenario.ts';

export const siblingIsolation: Scenario = {
  name: 'sibling-isolation',
  summary: 'a group at its limit stores while its sibling reads',
  covers: ['T002-e', 'catalogue 7'],
  world: { devicePages: 8 },
  reaches: ['zswap.writeback.taken'],
  play(stage) {
    const one = stage.disk('one', 2);
    const sibling = stage.disk('sibling', 1);
    stage.now(one.write(0, 3), sibling.write(0, 2), one.chill(), sibling.chill());
    one.memcg.setZswapMax(4096);
    stage.actor('writer', one.write(1, 1));
    stage.actor('sibling', sibling.read(0));
    stage.atEnd(() => {
      const kind = stage.world.swap.table.kind(sibling.slot(0));
      return kind === 'entry' ? undefined : `the sibling's page is on the ${kind}`;
    });
  },
};
