/** A newer version that goes past zswap to the device: the older entry must not come after it. */
import { setEnabled } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const disabledStore: Scenario = {
  name: 'disabled-store',
  summary: 'zswap is switched off between two versions of a page while the older is written back',
  covers: ['catalogue 9'],
  world: { devicePages: 8 },
  reaches: ['written back', 'zswap.store.compressed'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('writer', vm.write(0, 2), vm.read(0));
    stage.actor('writeback', vm.writeback());
    stage.actor('operator', setEnabled(stage, false));
  },
};
