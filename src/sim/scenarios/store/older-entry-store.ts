/** The same for a newer version that is stored, or goes past zswap to the device. */
import { setEnabled } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const olderEntryStore: Scenario = {
  name: 'older-entry-store',
  summary: 'two clients write a page that has no entry while zswap is switched off',
  covers: ['catalogue 5', 'catalogue 9'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'blk.write.locked'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.actor('writer', vm.write(0, 2));
    stage.actor('other writer', vm.write(0, 4), vm.read(0));
    stage.actor('operator', setEnabled(stage, false));
  },
};
