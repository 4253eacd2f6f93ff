/** A group whose pages may not go to the device, decided at different moments of a store. */
import type { Action } from '../../world/actor.ts';
import { setWriteback } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const writebackSwitchedOff: Scenario = {
  name: 'writeback-switched-off',
  summary: 'writeback is switched off for a group while a page that needs it is stored',
  covers: ['catalogue 37'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'write has no room'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1));
    stage.actor('writer', vm.write(0, 3), vm.read(0));
    const set = (enabled: boolean): Action => setWriteback(stage, vm.memcg, enabled);
    stage.actor('operator', set(false), set(true));
  },
};
