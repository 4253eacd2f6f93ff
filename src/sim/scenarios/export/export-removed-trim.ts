/** An export is removed while a client trims and rewrites it. */
import type { Scenario } from '../scenario.ts';

export const exportRemovedTrim: Scenario = {
  name: 'export-removed-trim',
  summary: 'an export is removed while its pages are trimmed and rewritten with zeros',
  covers: ['removal against trim'],
  world: {},
  reaches: ['request of a removed disk', 'blk.discard.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.write(1, 2));
    let again = vm;
    const replace = stage.act('add again', () => {
      again = stage.disk('again', 2);
      again.memcg.setWriteback(false);
    });
    stage.actor('trimmer', vm.trim(0, 2));
    stage.actor('writer', vm.write(1, 0));
    stage.actor(
      'operator',
      vm.remove(),
      replace,
      stage.later('read 1', () => again.read(1)),
      stage.later('write 1 = 4', () => again.write(1, 4)),
    );
  },
};
