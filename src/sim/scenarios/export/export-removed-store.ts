/** An export is removed under stores, and its slots belong to the next at once. */
import type { Scenario } from '../scenario.ts';

export const exportRemovedStore: Scenario = {
  name: 'export-removed-store',
  summary: 'an export is removed while it is written and trimmed, and the next one takes its slots',
  covers: ['removal against store', 'T001-f'],
  world: {},
  reaches: ['request of a removed disk', 'zswap.store.compressed'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1));
    let again = vm;
    const replace = stage.act('add again', () => {
      again = stage.disk('again', 2);
      again.memcg.setWriteback(false);
    });
    stage.actor('writer', vm.write(0, 2));
    stage.actor('other writer', vm.write(0, 4));
    stage.actor(
      'operator',
      vm.remove(),
      replace,
      stage.later('read 0', () => again.read(0)),
      stage.later('write 0 = 7', () => again.write(0, 7)),
      stage.later('read 0', () => again.read(0)),
    );
  },
};
