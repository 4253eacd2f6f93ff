/** Stores of different slots share lanes and a staging page, and nothing else. */
import type { Scenario } from '../scenario.ts';

export const storeOtherSlots: Scenario = {
  name: 'store-other-slots',
  summary: 'clients store to slots of their own through the one staging page',
  covers: ['catalogue 30'],
  world: {},
  reaches: ['zswap.store.compressed'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.actor('writer', vm.write(0, 2));
    stage.actor('other writer', vm.write(1, 4));
    stage.actor('reader', vm.read(0));
  },
};
