/** A device that fails for good: what is in the pool stays, what is not is refused. */
import { ALWAYS } from '../../world/device-sim.ts';
import { setFaults } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const deviceDead: Scenario = {
  name: 'device-dead',
  summary: 'the device dies while an entry is written back, and the client goes on',
  covers: ['device dead'],
  world: { devicePages: 8 },
  reaches: ['nothing written back', 'written back', 'write refused', 'read refused'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    const dead = { writeErrors: ALWAYS, readErrors: ALWAYS };
    stage.actor('device', setFaults(stage, 'the device dies', dead));
    stage.actor('batch', vm.writeback());
    stage.actor(
      'client',
      vm.read(0),
      stage.act('enabled = 0', () => (stage.world.params.enabled = false)),
      vm.write(0, 2),
    );
  },
};
