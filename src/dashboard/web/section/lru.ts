/** How long ago the stored pages joined the LRU: what would go to the device next, and how soon. */
import { ageQuantileSeconds } from '../../../metrics/figures.ts';
import type { StatsSnapshot } from '../../../metrics/snapshot.ts';
import { countText, durationText, percentText } from '../../../metrics/words.ts';
import { drawColumns } from '../chart/columns.ts';
import { Picture, Summary } from '../chart/svg.ts';
import { FoldedTable, table } from '../dom.ts';
import type { History } from '../history.ts';

/** Ages that are labelled, by their bucket. */
const LABELS: readonly (readonly [place: number, text: string])[] = [
  [0, '0 s'],
  [4, '8 s'],
  [7, '1 min'],
  [11, '17 min'],
  [15, '4.6 h'],
  [19, '3 d'],
];

export class LruSection {
  readonly #summary: Summary = new Summary('lru-summary');
  readonly #picture: Picture;
  readonly #folded: FoldedTable = new FoldedTable('Ages as a table');

  constructor(container: HTMLElement) {
    this.#picture = new Picture('Stored pages by age', this.#summary.id, 200);
    container.append(this.#summary.element, this.#picture.element, this.#folded.element);
  }

  update({ now }: History): void {
    if (now === undefined) return;
    this.#summary.set(sentence(now));
    const pages = pagesByAge(now);
    this.#picture.update((frame) =>
      drawColumns(
        {
          columns: pages.map((count, bucket) => ({
            name: `${ageName(bucket, pages.length)}: about ${countText(count)} pages`,
            parts: [count],
          })),
          classNames: ['violet'],
          labels: LABELS.filter(([place]) => place < pages.length),
          base: 10,
          format: countText,
        },
        frame,
      ),
    );
    this.#folded.update(() =>
      table(
        'Stored pages by age',
        ['Age', 'Pages, about', 'Share'],
        pages.flatMap((count, bucket) =>
          count === 0
            ? []
            : [
                [
                  ageName(bucket, pages.length),
                  countText(count),
                  percentText(count, now.zswap.stored_pages),
                ],
              ],
        ),
      ),
    );
  }
}

function sentence(now: StatsSnapshot): string {
  if (now.lru.sampled_pages === 0) return 'Too few pages to say.';
  return (
    `Half of the pages joined the LRU within the last ` +
    `${durationText(ageQuantileSeconds(now, 0.5))}, the oldest ` +
    `${durationText(now.lru.oldest_seconds)} ago. ` +
    `From ${countText(now.lru.sampled_pages)} of ${countText(now.zswap.stored_pages)} pages.`
  );
}

/** All stored pages by age, as the sample has them. */
function pagesByAge({ lru, zswap }: StatsSnapshot): number[] {
  const scale = lru.sampled_pages > 0 ? zswap.stored_pages / lru.sampled_pages : 0;
  return lru.age_pages.map((count) => count * scale);
}

function ageName(bucket: number, count: number): string {
  const from = bucket === 0 ? 0 : 2 ** (bucket - 1);
  if (bucket === count - 1) return `more than ${durationText(from)}`;
  return `${durationText(from)} to ${durationText(2 ** bucket)}`;
}
