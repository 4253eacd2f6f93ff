/** A store that is refused when the shrink worker is about to end must not be forgotten. */
import type { Scenario } from '../scenario.ts';

export const shrinkWorkerAgain: Scenario = {
  name: 'shrink-worker-again',
  summary: 'the pool gets full, and a store is refused, while the shrink worker comes to its end',
  covers: ['catalogue 51'],
  world: { devicePages: 8, poolPages: 1, acceptThresholdPercent: 0 },
  reaches: ['zswap.writeback.taken', 'zswap.store.admitted'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.actor(
      'worker is asked',
      stage.act('queue', () => stage.world.zswap.shrinkWorker.queue()),
    );
    stage.actor('writer', vm.write(0, 3), vm.write(1, 6));
    stage.atEnd(() => {
      const { zswap, params } = stage.world;
      const isOver = zswap.pools.totalPages() > params.acceptThresholdPages();
      if (!zswap.reachedFull || !isOver) return undefined;
      return 'a store was refused, and nobody has made room';
    });
  },
};
