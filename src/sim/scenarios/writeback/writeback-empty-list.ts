/** A list that changes, or comes to its end, while a batch is in the middle of it. */
import type { Scenario } from '../scenario.ts';

export const writebackEmptyList: Scenario = {
  name: 'writeback-empty-list',
  summary: 'the entries that a batch would come to next are trimmed while it goes through its list',
  covers: ['T004-c', 'catalogue 20'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back', 'blk.discard.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.write(1, 2), vm.chill());
    stage.actor('writeback', vm.writeback(2));
    stage.actor('client', vm.trim(0, 2));
  },
};
