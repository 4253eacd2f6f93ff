/** Writeback to a device that is full: what has no room stays in the pool. */
import type { Scenario } from '../scenario.ts';

export const writebackFullDevice: Scenario = {
  name: 'writeback-full-device',
  summary: 'two batches want the last page of the device',
  covers: ['T001-e', 'catalogue 23'],
  world: { devicePages: 1 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.write(1, 2), vm.chill());
    stage.actor('writeback', vm.writeback());
    stage.actor('other writeback', vm.writeback());
    stage.actor('reader', vm.read(1));
  },
};
