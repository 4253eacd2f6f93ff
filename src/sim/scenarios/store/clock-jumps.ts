/** Slices are cut by the clock: a jump of it cuts them anywhere. */
import type { Stage } from '../../world/stage.ts';
import { setClock } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

/** Notes when a request has let others go first. */
function watchYields({ rt }: Stage): void {
  const yieldTask = rt.yieldTask.bind(rt);
  rt.yieldTask = (task) => {
    rt.mark('slice over');
    yieldTask(task);
  };
}

export const clockJumps: Scenario = {
  name: 'clock-jumps',
  summary: 'the clock jumps under a trim of several pages, so that it lets others go first',
  covers: ['clock jump'],
  world: {},
  reaches: ['slice over', 'blk.discard.locked'],
  play(stage) {
    const vm = stage.disk('vm', 3);
    watchYields(stage);
    stage.now(vm.write(2, 1));
    stage.actor('trimmer', vm.trim(0, 3));
    stage.actor('writer', vm.write(1, 2));
    stage.actor('clock', setClock(stage, 1000));
  },
};
