/** A device error during writeback: the entry stays where it was, once, and readable. */
import { mayRefuseWrites } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const writebackDeviceError: Scenario = {
  name: 'writeback-device-error',
  summary: 'the device refuses a batch, or does not, while its page is read and overwritten',
  covers: ['T001-e', 'T004-f', 'catalogue 10'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    mayRefuseWrites(stage);
    stage.actor('writeback', vm.writeback());
    stage.actor('reader', vm.read(0), vm.write(0, 2));
  },
};
