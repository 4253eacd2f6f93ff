/** A reclaim ends when its group has gone. */
import { reclaim } from '../../world/shrink-actions.ts';
import type { Scenario } from '../scenario.ts';

export const reclaimRemoval: Scenario = {
  name: 'reclaim-removal',
  summary: 'an export is removed while it is reclaimed',
  covers: ['reclaim against removal'],
  world: { devicePages: 8 },
  reaches: ['reclaimed', 'reclaimed less', 'zswap.writeback.taken'],
  preemptions: 1,
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('reclaimer', reclaim(stage, vm.memcg, 1));
    stage.actor('operator', vm.remove());
  },
};
