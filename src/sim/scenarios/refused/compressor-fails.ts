/** A compressor that fails, and pages it makes no smaller, are kept raw or refused. */
import { setWriteback } from '../../world/nemesis.ts';
import { FAILING_BYTE } from '../../world/word-codec.ts';
import type { Scenario } from '../scenario.ts';

export const compressorFails: Scenario = {
  name: 'compressor-fails',
  summary: 'pages that a compressor cannot make smaller are stored while writeback is switched off',
  covers: ['failed compression'],
  world: { devicePages: 8 },
  reaches: ['zswap.store.compressed', 'write has no room'],
  play(stage) {
    const vm = stage.disk('vm', 2);
    stage.now(vm.write(0, 1));
    stage.actor('writer', vm.write(0, FAILING_BYTE), vm.write(1, 3));
    stage.actor('reader', vm.read(0));
    stage.actor('operator', setWriteback(stage, vm.memcg, false));
  },
};
