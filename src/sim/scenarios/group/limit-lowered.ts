/** The limit is looked at when a store is admitted, and whenever the next one is. */
import { setZswapMax } from '../../world/nemesis.ts';
import { wordLength } from '../../world/word-codec.ts';
import { PAGE_SIZE } from '../../../std/units.ts';
import type { Scenario } from '../scenario.ts';

export const limitLowered: Scenario = {
  name: 'limit-lowered',
  summary: "a group's limit is lowered while a store compresses and a batch is in flight",
  covers: ['limit against store', 'limit against writeback'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'written back', 'zswap.store.admitted'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    const { memcg } = vm;
    stage.now(vm.write(0, 3), vm.chill());
    stage.actor('writer', vm.write(1, 2));
    stage.actor('batch', vm.writeback());
    stage.actor('operator', setZswapMax(stage, memcg, 0));
    stage.atEnd(() => {
      // The page that was there, and one that was admitted before; neither limits the other.
      const most = PAGE_SIZE + wordLength(2);
      return memcg.zswapCurrent <= most ? undefined : `${memcg.zswapCurrent} bytes at a limit of 0`;
    });
  },
};
