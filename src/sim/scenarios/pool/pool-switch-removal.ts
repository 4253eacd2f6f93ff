/** A pool goes with its last reference, which a group's removal may drop. */
import { setGroupCompressor, switchCompressor } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const poolSwitchRemoval: Scenario = {
  name: 'pool-switch-removal',
  summary: 'the compressor is switched while a group with a compressor of its own is removed',
  covers: ['pool switch against removal'],
  world: {},
  reaches: ['zswap.store.compressed', 'request of a removed disk'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1), setGroupCompressor(stage, vm.memcg, 1), vm.write(0, 2));
    stage.actor('writer', vm.write(0, 4));
    stage.actor('operator', switchCompressor(stage));
    stage.actor('remover', vm.remove());
  },
};
