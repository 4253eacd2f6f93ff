/** A folio of several pages is stored whole or not at all. */
import { setEnabled } from '../../world/nemesis.ts';
import { storeFolio } from '../../world/folio-store.ts';
import type { Scenario } from '../scenario.ts';

export const folioStore: Scenario = {
  name: 'folio-store',
  summary: 'a folio is stored while zswap is switched off and its group is written back',
  covers: ['folio against the switch'],
  world: { devicePages: 8 },
  reaches: ['folio stored', 'folio rejected', 'zswap.writeback.picked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1), vm.chill(), vm.trim(0));
    stage.actor('owner', storeFolio(stage, vm, 0, 1, 2));
    stage.actor('operator', setEnabled(stage, false), vm.chill(), vm.writeback());
  },
};
