/** The limit of the pool is lowered and raised at run time. */
import { setPoolPages } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const poolLimitLowered: Scenario = {
  name: 'pool-limit-lowered',
  summary: "the pool's limit is lowered under a store, and raised again while the worker runs",
  covers: ['pool limit against store', 'catalogue 8'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'zswap.writeback.picked'],
  play(stage) {
    const vm = stage.disk('vm', 3);
    stage.now(vm.write(0, 3), vm.chill());
    stage.actor('writer', vm.write(1, 1), vm.write(2, 2));
    stage.actor('operator', setPoolPages(stage, 1), setPoolPages(stage, 100));
  },
};
