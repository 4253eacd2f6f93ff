/** The shrink worker against the stores that set it going. */
import type { Scenario } from '../scenario.ts';

export const shrinkWorker: Scenario = {
  name: 'shrink-worker',
  summary:
    'the pool is full: a store is refused and sets the worker going, which makes room for the next',
  covers: ['T004-c', 'catalogue 6', 'catalogue 8', 'catalogue 22', 'catalogue 23', 'catalogue 51'],
  world: { devicePages: 8, poolPages: 2, acceptThresholdPercent: 50 },
  reaches: ['zswap.writeback.taken', 'zswap.store.admitted'],
  preemptions: 2,
  play(stage) {
    const vm = stage.disk('vm', 4);
    stage.now(vm.write(0, 3), vm.write(1, 6), vm.chill());
    stage.actor('writer', vm.write(2, 9), vm.read(1));
    stage.actor('other writer', vm.write(3, 1));
    stage.atEnd(() => {
      const { shrinkWorker, pools } = stage.world.zswap;
      if (shrinkWorker.running) return 'the worker never ends';
      return pools.totalPages() <= 3 ? undefined : `${pools.totalPages()} pages in the pool`;
    });
  },
};
