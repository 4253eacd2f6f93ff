/** A zero-filled rewrite against writeback of the older version: zeros stay zeros. */
import type { Scenario } from '../scenario.ts';

export const writebackZeroRewrite: Scenario = {
  name: 'writeback-zero-rewrite',
  summary: 'a page is rewritten with zeros while its older entry is written back',
  covers: ['W3', 'catalogue 48'],
  world: { devicePages: 8 },
  reaches: ['written back', 'nothing written back'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('writeback', vm.writeback());
    stage.actor('writer', vm.write(0, 0), vm.read(0));
    stage.actor('reader', vm.read(0));
  },
};
