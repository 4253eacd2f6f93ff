/** Room for a group at its limit, wanted by who owns the very entry that is coldest. */
import type { Scenario } from '../scenario.ts';

export const limitOwnEntry: Scenario = {
  name: 'limit-own-entry',
  summary: 'a group at its limit makes room while the request that waits owns the coldest slot',
  covers: ['T002-a', 'T002-b', 'catalogue 32'],
  world: { devicePages: 8 },
  reaches: ['zswap.writeback.picked', 'zswap.writeback.taken'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 3), vm.write(1, 1), vm.chill());
    vm.memcg.setZswapMax(4096);
    stage.actor('writer', vm.write(0, 2));
    stage.actor('other writer', vm.write(1, 4));
  },
};
