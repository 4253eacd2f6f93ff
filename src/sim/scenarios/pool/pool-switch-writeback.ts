/** Writeback decompresses with the compressor of the entry's own pool. */
import { switchCompressor } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const poolSwitchWriteback: Scenario = {
  name: 'pool-switch-writeback',
  summary: 'the compressor is switched while an entry of the older pool is written back',
  covers: ['catalogue 41'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('writeback', vm.writeback());
    stage.actor('operator', switchCompressor(stage));
    stage.actor('client', vm.read(0), vm.write(0, 2));
  },
};
