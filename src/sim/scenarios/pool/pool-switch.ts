/** A pool that is replaced lives until its last entry and its last store are done with it. */
import { switchCompressor } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const poolSwitch: Scenario = {
  name: 'pool-switch',
  summary:
    'the compressor is switched during a store while the last entry of the retired pool goes',
  covers: ['catalogue 6', 'catalogue 41'],
  world: { compactAfterEntries: 1 },
  reaches: ['zswap.store.compressed', 'blk.discard.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(1, 4));
    stage.actor('writer', vm.write(0, 2), vm.read(0));
    stage.actor('operator', switchCompressor(stage));
    stage.actor('trimmer', vm.read(1), vm.trim(1));
  },
};
