/** A load that takes the page over against writeback: one of them gets the entry, never both. */
import type { Scenario } from '../scenario.ts';

export const writebackTakeOver: Scenario = {
  name: 'writeback-take-over',
  summary: 'an entry is taken over for good while it is written back and read',
  covers: ['T004-a', 'T004-c', 'catalogue 4', 'catalogue 14'],
  world: { devicePages: 8 },
  reaches: ['written back', 'taken over: loaded', 'taken over: absent'],
  play(stage) {
    const vm = stage.disk('vm', 1);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('writeback', vm.writeback());
    stage.actor('owner', vm.takeOver(0));
    stage.actor('writeback of nothing', vm.writeback());
  },
};
