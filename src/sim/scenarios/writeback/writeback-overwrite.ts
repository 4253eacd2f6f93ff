/** Writeback against an overwrite: the newer version stays, wherever the older one has got to. */
import type { Scenario } from '../scenario.ts';

export const writebackOverwrite: Scenario = {
  name: 'writeback-overwrite',
  summary: 'an entry is written back while its page is overwritten and read',
  covers: ['T001-b', 'catalogue 3'],
  world: { devicePages: 8 },
  reaches: ['written back', 'busy slot skipped', 'zswap.store.compressed'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('writeback', vm.writeback());
    stage.actor('writer', vm.write(0, 2), vm.read(0));
  },
};
