/** A store that fails in the middle undoes what it has done and counted. */
import type { Scenario } from '../scenario.ts';

export const allocationFailure: Scenario = {
  name: 'allocation-failure',
  summary: 'the allocator has no memory for a newer version while the older one is read',
  covers: ['catalogue 5', 'catalogue 25'],
  world: { devicePages: 8, arenaPages: 1 },
  reaches: ['zswap.store.compressed', 'blk.read.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 3));
    stage.actor('writer', vm.write(0, 6), vm.read(0));
    stage.actor('reader', vm.read(0));
    stage.atEnd(() => {
      const { reject_alloc_fail: failed } = stage.world.zswap.stats.rejects;
      return failed > 0 ? undefined : 'the allocator never failed';
    });
  },
};
