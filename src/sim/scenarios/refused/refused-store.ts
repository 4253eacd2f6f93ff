/**
 * A refused store changes nothing: the older entry is read until the device has the newer version.
 */
import { mayRefuseWrites } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const refusedStore: Scenario = {
  name: 'refused-store',
  summary: 'zswap refuses a newer version, and the device may, while the older is written back',
  covers: ['catalogue 5', 'catalogue 25'],
  world: { devicePages: 8 },
  reaches: ['write refused', 'written back'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1), vm.chill());
    stage.world.params.enabled = false;
    mayRefuseWrites(stage);
    stage.actor('writer', vm.write(0, 2), vm.read(0));
    stage.actor('writeback', vm.writeback());
  },
};
