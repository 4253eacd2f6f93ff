/** What an ancestor forbids is forbidden, from the next batch on. */
import { reclaim } from '../../world/shrink-actions.ts';
import { wordLength } from '../../world/word-codec.ts';
import type { Scenario } from '../scenario.ts';

export const writebackOffAbove: Scenario = {
  name: 'writeback-off-above',
  summary: 'writeback is switched off for the parent of a group whose pages are reclaimed',
  covers: ['catalogue 37'],
  world: { devicePages: 8 },
  reaches: ['zswap.writeback.picked', 'reclaimed less', 'reclaimed'],
  play(stage) {
    const { memcgs, zswap } = stage.world;
    const parent = memcgs.create('parent');
    const vm = stage.disk('vm', 2, parent);
    let written: number | undefined;
    // The page that is not cold yet comes to the second batch.
    stage.now(vm.write(0, 1), vm.chill(), vm.write(1, 2));
    stage.actor('reclaimer', reclaim(stage, parent, wordLength(1) + wordLength(2)));
    stage.actor(
      'operator',
      stage.act('writeback of the parent = 0', () => {
        parent.setWriteback(false);
        // What is under way may end; nothing may begin any more.
        if (!zswap.shrinker.running) written = zswap.stats.written_back_pages;
      }),
    );
    stage.atEnd(() => {
      const now = zswap.stats.written_back_pages;
      return written === undefined || written === now
        ? undefined
        : `${now - written} pages strayed`;
    });
  },
};
