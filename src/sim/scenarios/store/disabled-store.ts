/** A newer version that goes past zswap to the device: the older entry must not come after it. */
import type { Scenario } from '../scenario.ts';

export const disabledStore: Scenario = {
  name: 'disabled-store',
  summary:
    'zswap goes off and on between two versions of a page, the older of which is written back',
  covers: ['catalogue 9'],
  world: { devicePages: 8 },
  reaches: ['written back', 'zswap.store.compressed'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1), vm.chill());
    const { params } = stage.world;
    stage.actor('writer', vm.write(0, 2), vm.read(0));
    stage.actor('writeback', vm.writeback());
    stage.actor(
      'operator',
      stage.act('enabled = 0', () => {
        params.enabled = false;
      }),
    );
  },
};
