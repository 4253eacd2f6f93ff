/** The entries of a group that goes offline are its parent's to write back. */
import { takeOffline } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const groupOfflineWriteback: Scenario = {
  name: 'group-offline-writeback',
  summary:
    "a group goes offline while its entries are written back, and its parent's batch follows",
  covers: ['offline against writeback'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    const { root } = stage.world.memcgs;
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('batch', vm.writeback());
    stage.actor('operator', takeOffline(stage, vm.memcg), vm.writeback(1, 64, root));
    stage.actor('client', vm.write(0, 4));
  },
};
