/** An export is removed while a store of it waits for room. */
import { PAGE_SIZE } from '../../../std/units.ts';
import type { Scenario } from '../scenario.ts';

export const exportRemovedLimit: Scenario = {
  name: 'export-removed-limit',
  summary: 'an export at its limit is removed while a store waits for its batch',
  covers: ['removal against a store at the limit'],
  world: { devicePages: 8 },
  reaches: ['zswap.writeback.taken', 'request of a removed disk'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 3), vm.chill());
    vm.memcg.setZswapMax(PAGE_SIZE);
    let again = vm;
    const replace = stage.act('add again', () => {
      again = stage.disk('again', 2);
      again.memcg.setWriteback(false);
    });
    stage.actor('writer', vm.write(1, 1));
    stage.actor(
      'operator',
      vm.remove(),
      replace,
      stage.later('write 1 = 2', () => again.write(1, 2)),
      stage.later('read 0', () => again.read(0)),
    );
    stage.atEnd(() => {
      const { zswpwb } = again.memcg.events;
      return zswpwb === 0 ? undefined : `${zswpwb} pages of the new export were written back`;
    });
  },
};
