/** Writes of parts: each brings the page in, changes and stores it while it owns the slot. */
import type { Scenario } from '../scenario.ts';

export const partialWrites: Scenario = {
  name: 'partial-writes',
  summary: 'two clients write one half each of a page that is in the pool or on the device',
  covers: ['two updates of one page'],
  world: { devicePages: 8 },
  reaches: ['written back', 'blk.write.locked'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('first half', vm.writeHalf(0, 0, 2));
    stage.actor('second half', vm.writeHalf(0, 1, 2));
    stage.actor('writeback', vm.writeback());
  },
};
