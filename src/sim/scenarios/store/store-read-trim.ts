/** A store against a read and a trim of its slot. */
import type { Scenario } from '../scenario.ts';

export const storeReadTrim: Scenario = {
  name: 'store-read-trim',
  summary: 'a page is stored, read and trimmed by three clients',
  covers: ['T004-b', 'catalogue 26'],
  world: {},
  reaches: ['zswap.store.compressed', 'blk.discard.locked'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1));
    stage.actor('writer', vm.write(0, 2));
    stage.actor('reader', vm.read(0), vm.read(0));
    stage.actor('trimmer', vm.trim(0));
  },
};
