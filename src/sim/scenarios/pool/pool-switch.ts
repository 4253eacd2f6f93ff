/** A pool that is replaced lives until its last entry and its last store are done with it. */
import { createZpool } from '../../../zpool/open.ts';
import { createWordCodec } from '../../world/word-codec.ts';
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
    const switchPool = stage.act('compressor = word 1', () => {
      stage.world.zswap.setCurrentPool(createWordCodec(1), 'zsmalloc', (cells) =>
        createZpool('zsmalloc', stage.world.arena, cells),
      );
    });
    stage.now(vm.write(1, 4));
    stage.actor('writer', vm.write(0, 2), vm.read(0));
    stage.actor('operator', switchPool);
    stage.actor('trimmer', vm.read(1), vm.trim(1));
  },
};
