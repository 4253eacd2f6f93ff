/** Streams that no compressor understands: errors for readers, and never to the device. */
import { setPoolCorrupt } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const poolCorrupt: Scenario = {
  name: 'pool-corrupt',
  summary: 'the pool is corrupted while its page is read, written back and overwritten',
  covers: ['failed decompression', 'catalogue 33'],
  world: { devicePages: 8 },
  reaches: ['read refused', 'written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('memory', setPoolCorrupt(stage, true), setPoolCorrupt(stage, false));
    stage.actor('batch', vm.writeback());
    stage.actor('client', vm.read(0), vm.write(0, 2));
  },
};
