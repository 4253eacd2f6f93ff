/** An export is removed under device reads and writes. */
import type { Scenario } from '../scenario.ts';

export const exportRemovedDevice: Scenario = {
  name: 'export-removed-device',
  summary: 'an export is removed while its pages are read from the device and written to it',
  covers: ['removal against device requests'],
  world: { devicePages: 8 },
  reaches: ['request of a removed disk', 'blk.read.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.world.params.enabled = false;
    stage.now(vm.write(0, 1));
    let again = vm;
    const replace = stage.act('add again', () => {
      again = stage.disk('again', 2);
      again.memcg.setWriteback(false);
    });
    stage.actor('writer', vm.write(0, 2));
    stage.actor('reader', vm.read(0));
    stage.actor(
      'operator',
      vm.remove(),
      replace,
      stage.later('read 0', () => again.read(0)),
    );
  },
};
