/** A page that is faulted in directly while a copy of its region is made. */
import type { MemoryActions } from '../../world/memory-actions.ts';
import type { Scenario } from '../scenario.ts';

export const directFaultCopy: Scenario = {
  name: 'direct-fault-copy',
  summary: 'a page is faulted in without the swap cache while its region is copied and read there',
  covers: ['T000-a', 'catalogue 14'],
  world: {},
  reaches: ['mm.swap-in.loaded'],
  play(stage) {
    stage.space(8, 8, { swapinMode: 'direct' });
    const one = stage.memory('one', 1);
    stage.now(one.write(0, 1), one.pageout());
    let copy: MemoryActions | undefined;
    stage.actor('fault', one.read(0), one.write(0, 2));
    stage.actor(
      'other',
      one.copy('copy', (made) => (copy = made)),
      stage.later('read the copy', () => copy?.read(0) ?? one.read(0)),
    );
  },
};
