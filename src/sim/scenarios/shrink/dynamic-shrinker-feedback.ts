/** Pages that had to be read from the device again spare as many from the next look. */
import { shrink } from '../../world/shrink-actions.ts';
import type { Scenario } from '../scenario.ts';

export const dynamicShrinkerFeedback: Scenario = {
  name: 'dynamic-shrinker-feedback',
  summary: 'the dynamic shrinker looks twice while what it gave up is read from the device',
  covers: ['dynamic shrinker against device reads'],
  world: { devicePages: 8 },
  reaches: ['shrunk', 'blk.read.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 3), vm.write(1, 6), vm.chill());
    stage.world.params.shrinkerEnabled = true;
    stage.actor('pressure', shrink(stage, vm.memcg, 0), shrink(stage, vm.memcg, 0));
    stage.actor('reader', vm.read(0));
  },
};
