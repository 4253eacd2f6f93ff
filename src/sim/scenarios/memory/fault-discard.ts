/** A page that goes while it is brought in through the swap cache. */
import type { Scenario } from '../scenario.ts';

export const faultDiscard: Scenario = {
  name: 'fault-discard',
  summary: 'a page is discarded and its slot used again while it is read from the device',
  covers: ['catalogue 12'],
  world: { devicePages: 8 },
  reaches: ['mm.swap-in.loaded', 'paged out'],
  play(stage) {
    stage.space(8, 2);
    const one = stage.memory('one', 2);
    stage.now(one.write(0, 1), one.pageout(), ...one.toDevice(0));
    stage.actor('fault', one.read(0));
    stage.actor('discard', one.discard(0));
    stage.actor('other', one.write(1, 2), one.pageout(1));
  },
};
