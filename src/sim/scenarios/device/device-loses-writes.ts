/** A device that acknowledges what it has not written: an error, never older data. */
import { ALWAYS } from '../../world/device-sim.ts';
import { setFaults } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const deviceLosesWrites: Scenario = {
  name: 'device-loses-writes',
  summary: 'a batch and an overwrite are acknowledged and may be lost, and the page is read',
  covers: ['device corruption'],
  world: { devicePages: 8 },
  reaches: ['written back', 'read refused'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(
      vm.write(0, 1),
      vm.chill(),
      setFaults(stage, 'writes may be lost', { lostWrites: ALWAYS / 2 }),
    );
    stage.actor('batch', vm.writeback());
    stage.actor('client', vm.read(0), vm.write(0, 2), vm.read(0));
  },
};
