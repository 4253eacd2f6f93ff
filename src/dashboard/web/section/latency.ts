/** How long pages and requests take, over the last minute or since the page began to look. */
import { quantileSeconds, readingSince } from '../../../metrics/figures.ts';
import { countText, durationText, percentText } from '../../../metrics/words.ts';
import {
  LOG_BUCKETS,
  logBucketSeconds,
  type HistogramReading,
} from '../../../std/log-histogram.ts';
import { drawColumns } from '../chart/columns.ts';
import { Picture, Summary } from '../chart/svg.ts';
import { FoldedTable, html, table } from '../dom.ts';
import type { History, Moment } from '../history.ts';

interface Kind {
  readonly id: string;
  readonly title: string;
  readonly className: string;
  readonly read: (of: Moment) => HistogramReading | undefined;
}

const KINDS: readonly Kind[] = [
  {
    id: 'store',
    title: 'Store: compress a page',
    className: 'green',
    read: ({ latency }) => latency.store,
  },
  {
    id: 'load',
    title: 'Load: decompress a page',
    className: 'blue',
    read: ({ latency }) => latency.load,
  },
  {
    id: 'write',
    title: 'Write request: a page out',
    className: 'green',
    read: ({ requests }) => requests?.write,
  },
  {
    id: 'read',
    title: 'Read request: a fault',
    className: 'blue',
    read: ({ requests }) => requests?.read,
  },
];

const WINDOW_SECONDS = 60;

/** Places of 1 µs, 32 µs, 1 ms, 32 ms and 1 s. */
const LABELS: readonly (readonly [place: number, text: string])[] = [
  [0.5, '1 µs'],
  [5.5, '32 µs'],
  [10.5, '1 ms'],
  [15.5, '33 ms'],
  [20.5, '1 s'],
];

class LatencyChart {
  readonly element: HTMLElement;
  readonly #kind: Kind;
  readonly #summary: Summary;
  readonly #picture: Picture;

  constructor(kind: Kind) {
    this.#kind = kind;
    this.#summary = new Summary(`latency-${kind.id}-summary`);
    this.#picture = new Picture(`${kind.title}, by duration`, this.#summary.id, 110);
    this.element = html(
      'div',
      { class: 'small', 'data-latency': kind.id },
      html('h3', {}, kind.title),
      this.#summary.element,
      this.#picture.element,
    );
  }

  update(reading: HistogramReading | undefined): void {
    const { buckets } = reading ?? { buckets: [] };
    this.#summary.set(sentence(reading));
    this.#picture.update((frame) =>
      drawColumns(
        {
          columns: Array.from({ length: LOG_BUCKETS }, (_, bucket) => ({
            name: `${bucketName(bucket)}: ${countText(buckets[bucket] ?? 0)}`,
            parts: [buckets[bucket] ?? 0],
          })),
          classNames: [this.#kind.className],
          labels: LABELS,
          base: 10,
          format: countText,
        },
        frame,
      ),
    );
  }
}

function sentence(reading: HistogramReading | undefined): string {
  if (reading === undefined || reading.count === 0) return 'None in the last minute.';
  const half = durationText(quantileSeconds(reading, 0.5));
  const most = durationText(quantileSeconds(reading, 0.99));
  return `Half within ${half}, 99 % within ${most}.`;
}

function bucketName(bucket: number): string {
  const from = bucket === 0 ? 0 : logBucketSeconds(bucket - 1);
  if (bucket === LOG_BUCKETS - 1) return `more than ${durationText(from)}`;
  return `${durationText(from)} to ${durationText(logBucketSeconds(bucket))}`;
}

export class LatencySection {
  readonly #charts: readonly LatencyChart[] = KINDS.map((kind) => new LatencyChart(kind));
  readonly #folded: FoldedTable = new FoldedTable('Latency as a table');

  constructor(container: HTMLElement) {
    const note = 'The last minute. Of pages, one in 256 is timed; of requests, all.';
    container.append(
      html('p', { class: 'summary' }, note),
      html('div', { class: 'smalls' }, ...this.#charts.map(({ element }) => element)),
      this.#folded.element,
    );
  }

  update(history: History): void {
    const last = history.moments.at(-1);
    if (last === undefined) return;
    const first = history.since(WINDOW_SECONDS);
    const readings = KINDS.map(({ read }) => {
      const now = read(last);
      return now === undefined ? undefined : readingSince(first && read(first), now);
    });
    this.#charts.forEach((chart, index) => chart.update(readings[index]));
    this.#folded.update(() => latencyTable(readings));
  }
}

function latencyTable(readings: readonly (HistogramReading | undefined)[]): HTMLTableElement {
  const rows = Array.from({ length: LOG_BUCKETS }, (_, bucket) => bucket)
    .filter((bucket) => readings.some((reading) => (reading?.buckets[bucket] ?? 0) > 0))
    .map((bucket) => [
      bucketName(bucket),
      ...readings.map((reading) => {
        const value = reading?.buckets[bucket] ?? 0;
        return value === 0 ? '' : percentText(value, reading?.count ?? 0);
      }),
    ]);
  const titles = KINDS.map(({ title }) => title.replace(/:.*/, ''));
  const counts = ['All', ...readings.map((reading) => countText(reading?.count ?? 0))];
  return table(
    'Share of each duration in the last minute',
    ['Duration', ...titles],
    [counts, ...rows],
  );
}
