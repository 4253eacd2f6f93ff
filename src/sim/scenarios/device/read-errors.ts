/** A device read fails or does not: the page is what it was for whoever reads it later. */
import { ALWAYS } from '../../world/device-sim.ts';
import { setFaults } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const readErrors: Scenario = {
  name: 'read-errors',
  summary: 'reads of the device fail or do not while the page is overwritten',
  covers: ['device error once'],
  world: { devicePages: 8 },
  reaches: ['read refused', 'blk.write.locked'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.world.params.enabled = false;
    stage.now(vm.write(0, 1), setFaults(stage, 'reads may fail', { readErrors: ALWAYS / 2 }));
    stage.actor('reader', vm.read(0));
    stage.actor('writer', vm.write(0, 2));
    stage.actor('other reader', vm.read(0));
  },
};
