/** Writeback never waits for a slot: its owner may be waiting for what the batch will free. */
import { Writeback } from '../../../zswap/writeback.ts';
import type { Stage } from '../../world/stage.ts';
import type { Scenario } from '../scenario.ts';

/** A batch that has met a busy slot asks for no other. */
function watchBatches(stage: Stage): void {
  const { cache } = stage.world.swap;
  const tryLock = cache.tryLock.bind(cache);
  cache.tryLock = (slot, task) => {
    if (task instanceof Writeback && task.hitSwapCache) {
      stage.report('aBatchEndsAtABusySlot', `it goes on to slot ${slot}`);
    }
    return tryLock(slot, task);
  };
}

export const writebackBusySlot: Scenario = {
  name: 'writeback-busy-slot',
  summary: 'a batch meets a slot that a request owns, and goes on without it',
  covers: ['T002-b', 'T002-c', 'T004-f', 'catalogue 19'],
  world: { devicePages: 8 },
  reaches: ['written back', 'busy slot skipped'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.write(1, 2), vm.chill());
    watchBatches(stage);
    stage.actor('writeback', vm.writeback(2));
    stage.actor('writer', vm.write(0, 4, 5));
    stage.atEnd(() => {
      const { stats } = stage.world.zswap;
      const skipped = stage.rt.marks.has('busy slot skipped');
      if (!skipped || stats.reject_reclaim_fail > 0) return undefined;
      return 'a busy slot was skipped and not counted';
    });
  },
};
