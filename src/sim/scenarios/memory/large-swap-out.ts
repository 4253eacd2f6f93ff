/** A large folio that is stored while its pages are used and discarded. */
import type { Scenario } from '../scenario.ts';

export const largeSwapOut: Scenario = {
  name: 'large-swap-out',
  summary: 'a large folio is paged out while one page is written to and another one discarded',
  covers: ['catalogue 49', 'catalogue 25'],
  world: {},
  reaches: ['mm.swap-out.unmapped', 'paged out', 'nothing paged out'],
  preemptions: 3,
  play(stage) {
    stage.space(8, 8);
    const large = stage.memory('large', 2, 1);
    stage.now(large.write(0, 1), large.write(1, 2));
    stage.actor('pageout', large.pageout());
    stage.actor('writer', large.write(0, 4), large.read(1));
    stage.actor('discard', large.discard(1));
  },
};

export const largeSpill: Scenario = {
  name: 'large-spill',
  summary: 'a large folio that zswap refuses goes to the device, which may fail, while it is used',
  covers: ['catalogue 5', 'catalogue 49'],
  world: { devicePages: 16, poolPages: 0 },
  reaches: ['mm.swap-out.unmapped', 'paged out', 'nothing paged out'],
  preemptions: 3,
  play(stage) {
    stage.space(8, 8);
    const large = stage.memory('large', 2, 1);
    stage.now(large.write(0, 1), large.write(1, 2));
    stage.device.writeErrors = 128;
    stage.actor('pageout', large.pageout());
    stage.actor('writer', large.write(0, 4));
    stage.actor('discard', large.discard(1));
  },
};
