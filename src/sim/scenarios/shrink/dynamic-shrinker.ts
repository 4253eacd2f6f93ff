/** The dynamic shrinker against stores, reads and its own switch. */
import { shrink } from '../../world/shrink-actions.ts';
import type { Scenario } from '../scenario.ts';

export const dynamicShrinker: Scenario = {
  name: 'dynamic-shrinker',
  summary: 'memory is short: the dynamic shrinker writes back while a client reads and overwrites',
  covers: ['dynamic shrinker against store and load'],
  world: { devicePages: 8 },
  reaches: ['shrunk', 'nothing to shrink', 'written on the way'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    const { params, zswap } = stage.world;
    stage.now(vm.write(0, 3), vm.write(1, 6), vm.chill());
    params.shrinkerEnabled = true;
    stage.actor(
      'pressure',
      shrink(stage, vm.memcg, 0),
      stage.act('look', () => {
        if (zswap.stats.written_back_pages > 0) stage.rt.mark('written on the way');
      }),
    );
    stage.actor('client', vm.read(0), vm.write(1, 2));
    stage.actor(
      'operator',
      stage.act('shrinker_enabled = 0', () => (params.shrinkerEnabled = false)),
    );
  },
};
