/** Two stores of one slot: one after the other. */
import type { Scenario } from '../scenario.ts';

export const storeStore: Scenario = {
  name: 'store-store',
  summary: 'two clients overwrite one page while a third reads it',
  covers: ['T002-d', 'catalogue 5', 'catalogue 16'],
  world: {},
  reaches: ['zswap.store.compressed', 'blk.write.locked'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1));
    stage.actor('writer', vm.write(0, 2));
    stage.actor('other writer', vm.write(0, 4));
    stage.actor('reader', vm.read(0));
  },
};
