/** Compaction holds nothing between its slices: objects are named by handles. */
import { present } from '../../../std/assert.ts';
import type { Stage } from '../../world/stage.ts';
import type { Scenario } from '../scenario.ts';

/** Objects of version 2 that one zspage holds; another one begins with the next. */
const ZSPAGE_OBJECTS = 13;

/** Entries of that many that must go before compaction is worth a look. */
const ENOUGH_PAGES = 2;

/** Notes when compaction has moved an object. */
function watchCompaction(stage: Stage): void {
  const { zpool } = present(stage.world.zswap.pools.current);
  const compact = zpool.compact.bind(zpool);
  zpool.compact = (moves) => {
    const moved = compact(moves);
    if (moved > 0) stage.rt.mark('objects moved');
    return moved;
  };
}

export const compactionLoad: Scenario = {
  name: 'compaction-load',
  summary: 'objects are moved together while a page that moves is read and overwritten',
  covers: ['catalogue 39', 'catalogue 40'],
  world: { compactAfterEntries: 1 },
  reaches: ['objects moved', 'blk.read.locked', 'zswap.store.compressed'],
  play(stage) {
    const last = ZSPAGE_OBJECTS;
    const vm = stage.disk('vm', ZSPAGE_OBJECTS + 1);
    for (let page = 0; page < ZSPAGE_OBJECTS; page += 1) stage.now(vm.write(page, 2));
    stage.now(vm.write(last, 7));
    watchCompaction(stage);
    stage.actor('trimmer', vm.trim(0, ENOUGH_PAGES));
    stage.actor('reader', vm.read(last));
    stage.actor('writer', vm.write(last, 17));
  },
};
