/** A store that waits for room joins the batch of a reclaim, or the other way round. */
import { PAGE_SIZE } from '../../../std/units.ts';
import { reclaim } from '../../world/shrink-actions.ts';
import type { Scenario } from '../scenario.ts';

export const reclaimLimit: Scenario = {
  name: 'reclaim-limit',
  summary: 'a group at its limit is reclaimed on request while it stores',
  covers: ['reclaim against a store at the limit'],
  world: { devicePages: 8 },
  reaches: ['reclaimed', 'zswap.store.compressed'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 3), vm.chill());
    vm.memcg.setZswapMax(PAGE_SIZE);
    stage.actor('reclaimer', reclaim(stage, vm.memcg, 1));
    stage.actor('writer', vm.write(1, 1));
  },
};
