/** Reads that must not wait, beside what makes others wait. */
import type { Scenario } from '../scenario.ts';

export const tryRead: Scenario = {
  name: 'try-read',
  summary: 'pages are read without a wait while they are paged out, written back and pinned',
  covers: ['T004-b'],
  world: { devicePages: 8 },
  reaches: ['would have waited', 'written back'],
  preemptions: 3,
  play(stage) {
    stage.space(2, 8);
    const one = stage.memory('one', 2);
    stage.now(one.write(0, 1), one.write(1, 2), one.pageout(0, 1), one.chill());
    stage.mayLackMemory = true;
    stage.actor('reader', one.tryRead(0), one.tryRead(1));
    stage.actor('pin', one.pin(1), one.unpin());
    stage.actor('writeback', one.writeback());
  },
};
