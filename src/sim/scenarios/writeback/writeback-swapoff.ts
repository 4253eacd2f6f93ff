/** Writeback against swapoff and an area that takes the same slots at once. */
import type { Scenario } from '../scenario.ts';

export const writebackSwapoff: Scenario = {
  name: 'writeback-swapoff',
  summary:
    'an area is trimmed and removed, and its slots are reused, while an entry is written back',
  covers: ['T001-a', 'T001-b', 'T001-f', 'catalogue 2', 'catalogue 13', 'catalogue 29'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    let again = vm;
    stage.actor('writeback', vm.writeback());
    stage.actor(
      'operator',
      vm.trim(0, 2),
      vm.swapoff(),
      stage.act('swapon', () => {
        again = stage.disk('again', 2);
      }),
      stage.later('write 0 = 2', () => again.write(0, 2)),
      stage.later('read 0', () => again.read(0)),
    );
  },
};
