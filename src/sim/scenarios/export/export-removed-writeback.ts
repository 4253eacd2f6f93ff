/** A batch outlives its group: slots, entries and the number of the group are another's. */
import type { Scenario } from '../scenario.ts';

export const exportRemovedWriteback: Scenario = {
  name: 'export-removed-writeback',
  summary:
    'an export is removed while its page is written back, and the next one has all its numbers',
  covers: ['removal against writeback', 'catalogue 13', 'catalogue 29'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    let again = vm;
    const replace = stage.act('add again', () => {
      again = stage.disk('again', 2);
      again.memcg.setWriteback(false);
    });
    stage.actor('batch', vm.writeback());
    stage.actor(
      'operator',
      vm.remove(),
      replace,
      stage.later('write 0 = 2', () => again.write(0, 2)),
      stage.later('chill', () => again.chill()),
      stage.later('read 0', () => again.read(0)),
    );
    stage.atEnd(() => {
      const { zswpwb } = again.memcg.events;
      return zswpwb === 0 ? undefined : `${zswpwb} pages of the new export were written back`;
    });
  },
};
