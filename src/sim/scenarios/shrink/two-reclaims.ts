/** Two who reclaim one group: each gets what it asked for, once. */
import { reclaim } from '../../world/shrink-actions.ts';
import type { Scenario } from '../scenario.ts';

export const twoReclaims: Scenario = {
  name: 'two-reclaims',
  summary: 'two reclaims of one group run at the same time',
  covers: ['reclaim against reclaim'],
  world: { devicePages: 8 },
  reaches: ['reclaimed'],
  play(stage) {
    const vm = stage.disk('vm', 3);
    const { zswap } = stage.world;
    stage.now(vm.write(0, 1), vm.write(1, 6), vm.chill());
    let freed = 0;
    const add = (bytes: number): void => void (freed += bytes);
    const before = vm.memcg.zswapCurrent;
    stage.actor('reclaimer', reclaim(stage, vm.memcg, 1, add));
    stage.actor('other reclaimer', reclaim(stage, vm.memcg, 1, add));
    stage.atEnd(() => {
      const really = before - vm.memcg.zswapCurrent;
      if (zswap.shrinker.running) return 'a batch never ends';
      return freed === really ? undefined : `${freed} bytes are said to be freed, of ${really}`;
    });
  },
};
