/** The limit is looked at when a store is admitted, and whenever the next one is. */
import { wordLength } from '../../world/word-codec.ts';
import { PAGE_SIZE } from '../../../std/units.ts';
import type { Scenario } from '../scenario.ts';

export const limitLowered: Scenario = {
  name: 'limit-lowered',
  summary:
    "a group's limit is lowered while two stores want one slot, and one of them may need room",
  covers: ['limit against store', 'limit against writeback'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'zswap.writeback.taken', 'zswap.store.admitted'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    const { memcg } = vm;
    const { cache } = stage.world.swap;
    let late = Infinity;
    const lateStores = (): number => memcg.events.zswpout - memcg.events.zswpwb;
    stage.now(vm.write(0, 3), vm.chill());
    stage.actor('writer', vm.write(1, 2));
    stage.actor('other writer', vm.write(1, 4));
    stage.actor(
      'operator',
      stage.act('zswap.max = 0', () => {
        memcg.setZswapMax(0);
        // Who owns a slot may have been admitted; later ones come in for what is written back.
        late = lateStores() + cache.busySlots;
      }),
    );
    stage.atEnd(() => {
      const more = lateStores() - late;
      if (more > 0) return `${more} stores were admitted at a limit of 0`;
      // The page that was there, and one that was admitted before; neither limits the other.
      const most = PAGE_SIZE + wordLength(4);
      return memcg.zswapCurrent <= most ? undefined : `${memcg.zswapCurrent} bytes at a limit of 0`;
    });
  },
};
