/** Runs of several pages, with one bio for all: nobody waits for a slot while owning one. */
import type { Scenario } from '../scenario.ts';

export const spillRuns: Scenario = {
  name: 'spill-runs',
  summary: 'refused pages are written in one run while others read and write into their range',
  covers: ['T002-b'],
  world: { devicePages: 8, biosInFlight: 1 },
  reaches: ['blk.read.locked', 'blk.write.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.world.params.enabled = false;
    stage.now(vm.write(0, 1, 2));
    stage.actor('writer', vm.write(0, 4, 5));
    stage.actor('reader', vm.read(0, 2));
    stage.actor('other writer', vm.write(1, 7));
  },
};
