/** The shrink worker against the stores that set it going. */
import type { Scenario } from '../scenario.ts';

const LIMIT_PAGES = 2;
/** A store under way may take one zspage more than the limit. */
const ZSPAGE_PAGES_MAX = 8;

export const shrinkWorker: Scenario = {
  name: 'shrink-worker',
  summary:
    'the pool is full: a store is refused and sets the worker going, which makes room for the next',
  covers: ['T004-c', 'catalogue 8', 'catalogue 23', 'catalogue 51'],
  world: { devicePages: 8, poolPages: LIMIT_PAGES, acceptThresholdPercent: 50 },
  reaches: ['zswap.writeback.taken', 'zswap.store.admitted'],
  play(stage) {
    const vm = stage.disk('vm', 4);
    stage.now(vm.write(0, 3), vm.write(1, 6), vm.chill());
    stage.actor('writer', vm.write(2, 9), vm.write(3, 1));
    stage.atEnd(() => {
      const { shrinkWorker, pools } = stage.world.zswap;
      if (shrinkWorker.running) return 'the worker never ends';
      return pools.totalPages() <= LIMIT_PAGES + ZSPAGE_PAGES_MAX
        ? undefined
        : `${pools.totalPages()} pages in the pool`;
    });
  },
};
