/** Two kinds of shrinking meet at one group: the second waits and leaves it alone. */
import { reclaim, shrink } from '../../world/shrink-actions.ts';
import type { Scenario } from '../scenario.ts';

export const dynamicShrinkerReclaim: Scenario = {
  name: 'dynamic-shrinker-reclaim',
  summary: 'the dynamic shrinker and a reclaim work on one group',
  covers: ['dynamic shrinker against reclaim'],
  world: { devicePages: 8 },
  reaches: ['shrunk', 'reclaimed'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 3), vm.write(1, 6), vm.chill());
    stage.world.params.shrinkerEnabled = true;
    stage.actor('pressure', shrink(stage, vm.memcg, 0));
    stage.actor('reclaimer', reclaim(stage, vm.memcg, 1));
  },
};
