/** Slots far apart: parts of the swap table come and go with what they hold. */
import type { Scenario } from '../scenario.ts';

/** Pages of an area in between, which goes before the play. */
const GAP_PAGES = 1 << 18;

export const tableChunks: Scenario = {
  name: 'table-chunks',
  summary: 'the only pages of two parts of the swap table are written, trimmed and written again',
  covers: ['swap table'],
  world: {},
  reaches: ['zswap.store.compressed', 'blk.discard.locked'],
  play(stage) {
    const { memcgs, swap } = stage.world;
    const low = stage.disk('low', 1);
    const gap = swap.swapon('gap', GAP_PAGES, memcgs.root);
    const high = stage.disk('high', 1);
    swap.swapoff(gap);
    stage.now(low.write(0, 1), high.write(0, 2));
    stage.actor('trimmer', low.trim(0), high.trim(0));
    stage.actor('writer', high.write(0, 4));
    stage.actor('other writer', low.write(0, 5));
  },
};
