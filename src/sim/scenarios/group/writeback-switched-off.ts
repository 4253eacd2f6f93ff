/** A group whose pages may not go to the device, decided at different moments of a store. */
import type { Action } from '../../world/actor.ts';
import { setWriteback } from '../../world/nemesis.ts';
import { PAGE_SIZE } from '../../../std/units.ts';
import type { Memcg } from '../../../memcg/memcg.ts';
import type { Stage } from '../../world/stage.ts';
import type { Scenario } from '../scenario.ts';

/** A page is kept raw only for a group that may write it back: else it would stay for ever. */
function watchRawPages(stage: Stage, memcg: Memcg): void {
  const { swap, zswap } = stage.world;
  const setEntry = swap.setEntry.bind(swap);
  swap.setEntry = (slot, entry) => {
    if (zswap.entries.lengthOf(entry) === PAGE_SIZE && !memcg.writebackEnabled()) {
      stage.report('rawPagesMayBeWrittenBack', `a raw page comes to slot ${slot}`);
    }
    setEntry(slot, entry);
  };
}

export const writebackSwitchedOff: Scenario = {
  name: 'writeback-switched-off',
  summary: 'writeback is switched off for a group while a page that needs it is stored',
  covers: ['catalogue 37'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'write has no room'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1));
    watchRawPages(stage, vm.memcg);
    stage.actor('writer', vm.write(0, 3), vm.read(0));
    const set = (enabled: boolean): Action => setWriteback(stage, vm.memcg, enabled);
    stage.actor('operator', set(false), set(true));
  },
};
