/** A store that finds no entry left undoes what it has done. */
import type { Scenario } from '../scenario.ts';

export const entryLimit: Scenario = {
  name: 'entry-limit',
  summary: 'entries run out: a newer version is refused while the older one is read and trimmed',
  covers: ['catalogue 25'],
  world: { devicePages: 8, entryLimit: 2 },
  reaches: ['no entry left', 'zswap.store.compressed', 'blk.read.locked'],
  play(stage) {
    const vm = stage.disk('vm', 3);
    const { rejects } = stage.world.zswap.stats;
    const look = stage.act('look', () => {
      if (rejects.reject_kmemcache_fail > 0) stage.rt.mark('no entry left');
    });
    stage.now(vm.write(0, 1), vm.write(1, 2));
    stage.actor('writer', vm.write(0, 4), vm.read(0), look);
    stage.actor('trimmer', vm.trim(1), vm.read(0));
  },
};
