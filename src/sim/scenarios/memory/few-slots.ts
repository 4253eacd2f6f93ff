/** More pages than the swap area has slots, of two orders. */
import type { Scenario } from '../scenario.ts';

export const fewSlots: Scenario = {
  name: 'few-slots',
  summary: 'a large folio and single pages are paged out to an area that has a slot too few',
  covers: ['catalogue 49'],
  world: { devicePages: 8 },
  reaches: ['mm.swap-out.unmapped', 'paged out'],
  preemptions: 2,
  play(stage) {
    stage.space(8, 4);
    const large = stage.memory('large', 2, 1);
    const small = stage.memory('small', 3);
    stage.now(large.write(0, 1), large.write(1, 2));
    stage.now(small.write(0, 4), small.write(1, 5), small.write(2, 1));
    stage.now(small.pageout(0, 1), small.read(0), large.pageout());
    stage.actor('small', small.pageout());
    stage.actor('large', large.read(0));
    stage.actor('discard', small.discard(0));
  },
};
