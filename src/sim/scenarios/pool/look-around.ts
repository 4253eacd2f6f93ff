/** What an operator may look at and set at any moment changes nothing that it should not. */
import type { Scenario } from '../scenario.ts';

export const lookAround: Scenario = {
  name: 'look-around',
  summary: 'an operator looks at all figures, and sets parameters, while a client stores and reads',
  covers: ['figures and parameters'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'written back'],
  play(stage) {
    const { zswap, swap, params } = stage.world;
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill());
    stage.actor('writer', vm.write(1, 2));
    stage.actor('batch', vm.writeback());
    const look = stage.act('look', () => {
      const bytes = zswap.metadataBytes + swap.metadataBytes + zswap.poolTotalSize;
      const { freePages = 0, checksumErrors = 0, ioErrors = 0, writable } = swap.backing ?? {};
      if (!(bytes > 0) || freePages > 8 || checksumErrors + ioErrors > 0 || writable !== true) {
        stage.report('scenario', 'a figure cannot be right');
      }
    });
    const set = stage.act('set', () => {
      params.maxPoolPercent = 100 - params.maxPoolPercent;
      params.acceptThresholdPercent = 99 - Math.floor(params.acceptThresholdPercent / 2);
      params.shrinkerEnabled = !params.shrinkerEnabled;
      if (params.poolBytes !== undefined) stage.report('scenario', 'two limits');
    });
    stage.actor('operator', look, set, look);
  },
};
