/** Whether there is an older entry to drop is known only when the slot is owned. */
import type { Scenario } from '../scenario.ts';

export const olderEntryZero: Scenario = {
  name: 'older-entry-zero',
  summary:
    'a page without an entry is stored while others wait to rewrite it with zeros and trim it',
  covers: ['W3', 'catalogue 12', 'catalogue 26', 'catalogue 48'],
  world: {},
  reaches: ['zswap.store.compressed', 'blk.write.locked', 'blk.discard.locked'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 0));
    stage.actor('writer', vm.write(0, 2));
    stage.actor('other writer', vm.write(0, 0), vm.read(0));
    stage.actor('trimmer', vm.trim(0));
  },
};
