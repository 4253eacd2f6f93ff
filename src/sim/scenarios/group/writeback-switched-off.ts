/** A group whose pages may not go to the device, decided at different moments of a store. */
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
    const set = (enabled: boolean): void => vm.memcg.setWriteback(enabled);
    stage.actor('writer', vm.write(0, 3), vm.read(0));
    stage.actor(
      'operator',
      stage.act('writeback = 0', () => set(false)),
      stage.act('writeback = 1', () => set(true)),
    );
  },
};
