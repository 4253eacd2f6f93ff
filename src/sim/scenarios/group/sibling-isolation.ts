/** Reclaim at a limit never touches another group. */
import type { Scenario } from '../scenario.ts';

/** A group at its limit gives up an eighth: so its batch takes two, and comes back to the list. */
const PAGES = 16;
const VERSIONS = Array.from({ length: PAGES }, (_, page) => page + 1);

export const siblingIsolation: Scenario = {
  name: 'sibling-isolation',
  summary: 'a group at its limit stores while its sibling gives up one page of its own',
  covers: ['T002-e', 'catalogue 7'],
  world: { devicePages: 8 },
  reaches: ['zswap.writeback.taken'],
  play(stage) {
    const one = stage.disk('one', PAGES + 1);
    const sibling = stage.disk('sibling', 2);
    stage.now(one.write(0, ...VERSIONS), sibling.write(0, 2, 4), one.chill(), sibling.chill());
    one.memcg.setZswapMax(one.memcg.zswapCurrent);
    stage.actor('writer', one.write(PAGES, 1));
    stage.actor('sibling writeback', sibling.writeback(1));
    stage.atEnd(() => {
      const { zswpwb } = sibling.memcg.events;
      return zswpwb === 1 ? undefined : `${zswpwb} pages of the sibling were written back, not 1`;
    });
  },
};
