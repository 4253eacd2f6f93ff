/**
 * A spill against reads: the older device page is not freed under a read, the newer not read
 * early.
 */
import type { Scenario } from '../scenario.ts';

export const spillRead: Scenario = {
  name: 'spill-read',
  summary: 'a page on the device gets a newer version there while it is read and trimmed',
  covers: ['catalogue 5'],
  world: { devicePages: 8 },
  reaches: ['blk.read.locked', 'blk.discard.locked'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.world.params.enabled = false;
    stage.now(vm.write(0, 1));
    stage.actor('writer', vm.write(0, 2));
    stage.actor('reader', vm.read(0));
    stage.actor('trimmer', vm.trim(0));
  },
};
