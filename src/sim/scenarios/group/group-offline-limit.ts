/** A store waits for room in a group that goes offline. */
import { PAGE_SIZE } from '../../../std/units.ts';
import { takeOffline } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const groupOfflineLimit: Scenario = {
  name: 'group-offline-limit',
  summary: 'a group at its limit goes offline while a store waits for its batch',
  covers: ['offline against a store at the limit'],
  world: { devicePages: 8 },
  reaches: ['zswap.writeback.taken', 'zswap.store.compressed'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 3), vm.chill());
    vm.memcg.setZswapMax(PAGE_SIZE);
    stage.actor('writer', vm.write(1, 1), vm.read(0));
    stage.actor('operator', takeOffline(stage, vm.memcg));
    stage.actor('reader', vm.read(1));
  },
};
