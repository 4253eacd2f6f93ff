/** Compaction holds nothing between its slices: objects are named by handles. */
import type { Scenario } from '../scenario.ts';

export const compactionLoad: Scenario = {
  name: 'compaction-load',
  summary: 'objects are moved together while pages are read and stored',
  covers: ['catalogue 39', 'catalogue 40'],
  world: { compactAfterEntries: 1 },
  reaches: ['blk.read.locked', 'zswap.store.compressed'],
  play(stage) {
    const vm = stage.disk('vm', 4);
    stage.now(vm.write(0, 4, 9, 14), vm.write(3, 19), vm.chill());
    stage.actor('trimmer', vm.trim(0));
    stage.actor('reader', vm.read(1));
    stage.actor('writer', vm.write(2, 2));
  },
};
