/** The dynamic shrinker ends when its group has gone, and leaves nothing of it behind. */
import { shrink } from '../../world/shrink-actions.ts';
import type { Scenario } from '../scenario.ts';

export const dynamicShrinkerRemoval: Scenario = {
  name: 'dynamic-shrinker-removal',
  summary: 'an export is removed while the dynamic shrinker works on it',
  covers: ['dynamic shrinker against removal'],
  world: { devicePages: 8 },
  reaches: ['shrunk', 'nothing to shrink'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 3), vm.write(1, 6), vm.chill());
    stage.world.params.shrinkerEnabled = true;
    let again = vm;
    const replace = stage.act('add again', () => {
      again = stage.disk('again', 2);
      again.memcg.setWriteback(false);
    });
    stage.actor('pressure', shrink(stage, vm.memcg, 0));
    stage.actor(
      'operator',
      vm.remove(),
      replace,
      stage.later('write 0 = 3', () => again.write(0, 3)),
      stage.later('chill ', () => again.chill()),
    );
    stage.atEnd(() => {
      const { zswpwb } = again.memcg.events;
      return zswpwb === 0 ? undefined : `${zswpwb} pages of the new export were written back`;
    });
  },
};
