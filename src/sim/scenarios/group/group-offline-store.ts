/** A group goes offline while pages of its disk are stored and read. */
import { takeOffline } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const groupOfflineStore: Scenario = {
  name: 'group-offline-store',
  summary: 'a group goes offline while a page is charged to it and another one is read',
  covers: ['offline against store'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'blk.read.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1));
    stage.actor('writer', vm.write(0, 2), vm.write(1, 4));
    stage.actor('reader', vm.read(0));
    stage.actor('operator', takeOffline(stage, vm.memcg));
  },
};
