/** The file system below the device is full: no room, and nothing stored is lost. */
import { ENOSPC } from '../../../std/errno.ts';
import { mayRefuseWrites } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const deviceFullBelow: Scenario = {
  name: 'device-full-below',
  summary: 'what is below the device has no room for a spill and a batch, or has',
  covers: ['full device'],
  world: { devicePages: 8 },
  reaches: ['write has no room', 'nothing written back', 'written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    mayRefuseWrites(stage);
    stage.device.writeError = ENOSPC;
    stage.actor('batch', vm.writeback());
    stage.actor(
      'writer',
      stage.act('enabled = 0', () => (stage.world.params.enabled = false)),
      vm.write(1, 2),
      vm.read(0),
    );
  },
};
