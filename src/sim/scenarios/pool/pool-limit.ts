/** A store is admitted by what the pool holds at that moment, not by what it held before a wait. */
import { present } from '../../../std/assert.ts';
import type { Stage } from '../../world/stage.ts';
import type { Scenario } from '../scenario.ts';

/** Watches stores when they take a lane, which they do in the section that admits them. */
function watchAdmission(stage: Stage): void {
  const { zswap, params } = stage.world;
  const { lanes } = present(zswap.pools.current);
  const take = lanes.take.bind(lanes);
  lanes.take = (task) => {
    if (zswap.pools.totalPages() >= params.maxPages()) {
      stage.report('noStoreIsAdmittedToAFullPool', `${zswap.pools.totalPages()} pages`);
    }
    return take(task);
  };
}

export const poolLimit: Scenario = {
  name: 'pool-limit',
  summary: 'the pool reaches its limit while stores wait for their slots',
  covers: ['catalogue 8', 'catalogue 36'],
  world: { devicePages: 8, poolPages: 1 },
  reaches: ['zswap.store.admitted', 'blk.write.locked'],
  preemptions: 3,
  play(stage) {
    const vm = stage.disk('vm', 2);
    watchAdmission(stage);
    stage.actor('writer', vm.write(0, 3));
    stage.actor('other writer', vm.write(1, 6));
  },
};
