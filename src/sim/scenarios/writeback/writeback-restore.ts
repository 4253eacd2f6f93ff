/** Writeback against trim and a new store of the slot: what was picked may be another entry now. */
import type { Scenario } from '../scenario.ts';

export const writebackRestore: Scenario = {
  name: 'writeback-restore',
  summary: "a candidate's slot is freed and stored anew before its slot is taken",
  covers: ['T001-c', 'T004-d', 'T004-e', 'catalogue 3', 'catalogue 10', 'catalogue 12'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('writeback', vm.writeback());
    stage.actor('client', vm.trim(0), vm.write(1, 4), vm.write(0, 2));
  },
};
