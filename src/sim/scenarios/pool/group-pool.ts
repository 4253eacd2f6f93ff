/** A group gets a compressor of its own, and the current one again. */
import type { Action } from '../../world/actor.ts';
import { setGroupCompressor } from '../../world/nemesis.ts';
import type { Scenario } from '../scenario.ts';

export const groupPool: Scenario = {
  name: 'group-pool',
  summary: "a group's own compressor is set and taken back while it stores and reads",
  covers: ['group pool against store'],
  world: {},
  reaches: ['zswap.store.compressed', 'blk.read.locked'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1));
    stage.actor('writer', vm.write(0, 2), vm.read(0));
    const set = (key: number | undefined): Action => setGroupCompressor(stage, vm.memcg, key);
    stage.actor('operator', set(1), set(2), set(undefined));
  },
};
