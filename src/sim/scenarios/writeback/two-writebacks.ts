/**
 * Two batches at the same time: each takes another candidate, for the first has rotated its own.
 */
import type { Scenario } from '../scenario.ts';

export const twoWritebacks: Scenario = {
  name: 'two-writebacks',
  summary: 'two batches of one group run at the same time while a client trims',
  covers: ['T001-d', 'T001-e', 'T004-f', 'catalogue 1', 'catalogue 20'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.write(1, 2), vm.chill());
    stage.actor('writeback', vm.writeback(1, 1));
    stage.actor('other writeback', vm.writeback(1, 1));
    stage.actor('client', vm.trim(0));
    stage.atEnd(() => {
      const { written_back_pages: written } = stage.world.zswap.stats;
      return written <= 2 ? undefined : `${written} pages written back, of 2`;
    });
  },
};
