/**
 * Writeback against reads: from the entry until the device has acknowledged, from the device then.
 */
import type { Scenario } from '../scenario.ts';

export const writebackRead: Scenario = {
  name: 'writeback-read',
  summary: 'an entry is written back while two clients read its page',
  covers: ['T002-d', 'T004-b'],
  world: { devicePages: 8 },
  reaches: ['written back', 'busy slot skipped', 'blk.read.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('writeback', vm.writeback());
    stage.actor('reader', vm.read(0), vm.read(0));
    stage.actor('other reader', vm.read(0));
  },
};
