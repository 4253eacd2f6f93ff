/** More busy slots than the table of them was made for: it grows, and gives them all up. */
import type { Scenario } from '../scenario.ts';

const PAGES = 36;
/** Bytes of the table before it grows, with that many slots in it. */
const INITIAL_BYTES = 64 * 16 + 40 * 64;

export const manyBusySlots: Scenario = {
  name: 'many-busy-slots',
  summary: 'a spill of many pages owns its slots while another request reads into them',
  covers: ['busy slots'],
  world: { devicePages: 64 },
  reaches: ['many busy slots', 'blk.read.locked'],
  preemptions: 0,
  play(stage) {
    const vm = stage.disk('vm', PAGES);
    const { params, swap } = stage.world;
    params.enabled = false;
    const look = stage.act('look', () => {
      if (swap.cache.metadataBytes > INITIAL_BYTES) stage.rt.mark('many busy slots');
    });
    stage.actor('writer', vm.write(0, ...Array.from({ length: PAGES }, (_, i) => i + 1)));
    stage.actor('reader', vm.read(PAGES - 2, 2), look);
  },
};
