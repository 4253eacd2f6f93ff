/** A device that fails for a while, and is used again when it does no more. */
import type { Action } from '../../world/actor.ts';
import { ALWAYS } from '../../world/device-sim.ts';
import { setFaults } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const deviceRecovers: Scenario = {
  name: 'device-recovers',
  summary: 'the device fails for a while under a spill and a read',
  covers: ['device errors for a while'],
  world: { devicePages: 8 },
  reaches: ['write refused', 'read refused'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    const { swap, params } = stage.world;
    params.enabled = false;
    stage.now(vm.write(0, 1));
    const set = (chance: number): Action =>
      setFaults(stage, chance === 0 ? 'the device recovers' : 'the device fails', {
        writeErrors: chance,
        readErrors: chance,
      });
    stage.actor('device', set(ALWAYS), set(0));
    stage.actor('writer', vm.write(0, 2), vm.write(1, 4));
    stage.actor('reader', vm.read(0));
    stage.atEnd(() => {
      const { ioErrors, writable } = swap.backing ?? { ioErrors: 0, writable: true };
      if (!writable && ioErrors === 0) return 'not writable, and nothing has failed';
      return ioErrors >= vm.refused ? undefined : `${vm.refused} refused, ${ioErrors} counted`;
    });
  },
};
