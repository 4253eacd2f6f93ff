/** A retired pool that is chosen again comes back while it has references. */
import { switchCompressor } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const poolComesBack: Scenario = {
  name: 'pool-comes-back',
  summary: 'the compressor is switched away and back while the last entry of the retired pool goes',
  covers: ['pool comes back', 'catalogue 6'],
  world: { compactAfterEntries: 1 },
  reaches: ['zswap.store.compressed', 'blk.discard.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(1, 4));
    stage.actor('operator', switchCompressor(stage, 1), switchCompressor(stage, 0));
    stage.actor('trimmer', vm.trim(1));
    stage.actor('writer', vm.write(0, 2), vm.read(0));
  },
};
