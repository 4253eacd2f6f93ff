/** A device that returns other bytes than were written: an error, never wrong data. */
import { ALWAYS } from '../../world/device-sim.ts';
import { setFaults } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const deviceCorrupts: Scenario = {
  name: 'device-corrupts',
  summary:
    'a page that is read comes back with a bit flipped, or does not, while it is overwritten',
  covers: ['device corruption'],
  world: { devicePages: 8 },
  reaches: ['read refused', 'blk.read.locked'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.world.params.enabled = false;
    stage.now(
      vm.write(0, 1),
      setFaults(stage, 'reads may be corrupted', { corruptReads: ALWAYS / 2 }),
    );
    stage.actor('reader', vm.read(0));
    stage.actor('writer', vm.write(0, 2), vm.read(0));
  },
};
