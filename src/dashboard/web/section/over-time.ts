/** The pool against its limit, and pages in and out, over the last minutes. */
import { bytesText, pageRateText, percentText } from '../../../metrics/words.ts';
import type { PageRates } from '../../../metrics/figures.ts';
import { PAGE_SIZE } from '../../../std/units.ts';
import { legend, Picture, Summary } from '../chart/svg.ts';
import { drawTimes } from '../chart/time.ts';
import { FoldedTable, table } from '../dom.ts';
import type { History, Moment } from '../history.ts';

const HEIGHT = 180;

/** Least, mean, most and last of values; undefined ones do not count. */
function spread(values: readonly (number | undefined)[], text: (of: number) => string): string[] {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return ['–', '–', '–', '–'];
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return [known.at(-1) ?? 0, Math.min(...known), mean, Math.max(...known)].map(text);
}

const SPREAD_HEAD = ['Now', 'Least', 'Mean', 'Most'];

export class PoolOverTime {
  readonly #summary: Summary = new Summary('pool-summary');
  readonly #picture: Picture;
  readonly #folded: FoldedTable = new FoldedTable('The pool as a table');

  constructor(container: HTMLElement) {
    this.#picture = new Picture('Pool size over the last minutes', this.#summary.id, HEIGHT);
    container.append(
      this.#summary.element,
      this.#picture.element,
      legend([
        ['blue', 'bytes of the pool'],
        ['limit', 'limit'],
      ]),
      this.#folded.element,
    );
  }

  update({ moments, span }: History): void {
    const last = moments.at(-1);
    const first = moments[0];
    if (last === undefined || first === undefined) return;
    const values = moments.map(({ poolBytes }) => poolBytes);
    const change = last.poolBytes - first.poolBytes;
    const trend =
      change === 0 ? 'as at first' : `${change > 0 ? 'up' : 'down'} ${bytesText(Math.abs(change))}`;
    this.#summary.set(
      `${bytesText(last.poolBytes)}, ${percentText(last.poolBytes, last.limitBytes)} of the ` +
        `limit of ${bytesText(last.limitBytes)}; ${trend} since this page was opened.`,
    );
    this.#picture.update((frame) =>
      drawTimes(
        {
          times: moments.map(({ time }) => time),
          series: [{ className: 'blue', values, filled: true }],
          span,
          level: last.limitBytes,
          base: 1024,
          format: bytesText,
        },
        frame,
      ),
    );
    this.#folded.update(() =>
      table(
        'The pool over the last minutes',
        ['', ...SPREAD_HEAD],
        [
          ['Pool', ...spread(values, bytesText)],
          [
            'Limit',
            ...spread(
              moments.map(({ limitBytes }) => limitBytes),
              bytesText,
            ),
          ],
        ],
      ),
    );
  }
}

const RATES = [
  ['stored', 'green', 'stored'],
  ['loaded', 'blue', 'loaded'],
  ['refused', 'red', 'refused'],
] as const satisfies readonly (readonly [keyof PageRates, string, string])[];

export class RatesOverTime {
  readonly #summary: Summary = new Summary('rates-summary');
  readonly #picture: Picture;
  readonly #folded: FoldedTable = new FoldedTable('In and out as a table');

  constructor(container: HTMLElement) {
    this.#picture = new Picture('Pages in and out over the last minutes', this.#summary.id, HEIGHT);
    container.append(
      this.#summary.element,
      this.#picture.element,
      legend(RATES.map(([, className, text]) => [className, text] as const)),
      this.#folded.element,
    );
  }

  update({ moments, span }: History): void {
    const last = moments.at(-1)?.rates;
    this.#summary.set(
      last === undefined
        ? 'Rates need two looks: one moment.'
        : `${RATES.map(([key, , text]) => `${pageRateText(last[key])} ${text}`).join(', ')}.`,
    );
    this.#picture.update((frame) =>
      drawTimes(
        {
          times: moments.map(({ time }) => time),
          series: RATES.map(([key, className]) => ({
            className,
            values: bytesPerSecond(moments, key),
          })),
          span,
          base: 1024,
          format: (value) => `${bytesText(value)}/s`,
        },
        frame,
      ),
    );
    this.#folded.update(() =>
      table(
        'Bytes a second over the last minutes',
        ['', ...SPREAD_HEAD],
        RATES.map(([key, , text]) => [text, ...spread(bytesPerSecond(moments, key), bytesText)]),
      ),
    );
  }
}

function bytesPerSecond(moments: readonly Moment[], key: keyof PageRates): (number | undefined)[] {
  return moments.map(({ rates }) => (rates === undefined ? undefined : rates[key] * PAGE_SIZE));
}
