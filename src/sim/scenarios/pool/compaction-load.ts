/** Compaction holds nothing between its slices: objects are named by handles. */
import type { Scenario } from '../scenario.ts';

export const compactionLoad: Scenario = {
  name: 'compaction-load',
  summary: 'objects are moved together while pages are read, stored and written back',
  covers: ['catalogue 39', 'catalogue 40', 'catalogue 42'],
  world: { devicePages: 8, compactAfterEntries: 1 },
  reaches: ['written back', 'blk.read.locked'],
  preemptions: 2,
  play(stage) {
    const vm = stage.disk('vm', 4);
    stage.now(vm.write(0, 4, 9, 14), vm.write(3, 19), vm.chill());
    stage.actor('trimmer', vm.trim(0), vm.read(1));
    stage.actor('writeback', vm.writeback());
    stage.actor('writer', vm.write(2, 2));
  },
};
