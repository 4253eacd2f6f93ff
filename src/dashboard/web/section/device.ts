/** The backing device and the way there and back. */
import { pageRateText, bytesText, countText, percentText } from '../../../metrics/words.ts';
import { PAGE_SIZE } from '../../../std/units.ts';
import { legend, Picture, Summary } from '../chart/svg.ts';
import { drawTimes } from '../chart/time.ts';
import { html } from '../dom.ts';
import type { History } from '../history.ts';
import type { StatsSnapshot } from '../../../metrics/snapshot.ts';
import { definitions } from './parameters.ts';

const RATES = [
  ['writtenBack', 'violet', 'written back from the pool'],
  ['deviceWritten', 'orange', 'written to the device'],
  ['deviceRead', 'blue', 'read from the device'],
] as const;

export class DeviceSection {
  readonly #summary: Summary = new Summary('writeback-summary');
  readonly #list: HTMLElement = html('dl', { class: 'facts' });
  readonly #picture: Picture;

  constructor(container: HTMLElement) {
    const name = 'Writeback and device traffic over the last minutes';
    this.#picture = new Picture(name, this.#summary.id, 150);
    container.append(
      this.#summary.element,
      this.#picture.element,
      legend(RATES.map(([, className, text]) => [className, text] as const)),
      this.#list,
    );
  }

  update({ now, moments, span }: History): void {
    if (now === undefined) return;
    const rates = moments.at(-1)?.rates;
    this.#summary.set(
      `${countText(now.zswap.written_back_pages)} pages written back since start; now ` +
        `${pageRateText(rates?.deviceWritten)} to the device, ` +
        `${pageRateText(rates?.deviceRead)} from it.`,
    );
    this.#picture.update((frame) =>
      drawTimes(
        {
          times: moments.map(({ time }) => time),
          series: RATES.map(([key, className]) => ({
            className,
            values: moments.map((moment) =>
              moment.rates === undefined ? undefined : moment.rates[key] * PAGE_SIZE,
            ),
          })),
          span,
          base: 1024,
          format: (value) => `${bytesText(value)}/s`,
        },
        frame,
      ),
    );
    this.#list.replaceChildren(...definitions(facts(now)));
  }
}

function facts({ spill, zswap }: StatsSnapshot): readonly (readonly [string, string])[] {
  const failed: readonly [string, string] = [
    'Failed writebacks',
    countText(zswap.reject_reclaim_fail),
  ];
  if (spill === undefined)
    return [['Device', 'none: refused pages are answered “no space”'], failed];
  return [
    ['Device', spill.path],
    [
      'In use',
      `${bytesText(spill.used_bytes)} of ${bytesText(spill.size_bytes)} ` +
        `(${percentText(spill.used_bytes, spill.size_bytes)})`,
    ],
    ['Held on disk', bytesText(spill.held_bytes)],
    ['Takes writes', spill.writable ? 'yes' : 'no: the last write failed'],
    ['Page cache', spill.direct ? 'bypassed' : 'in the way'],
    [
      'Errors',
      `${countText(spill.io_errors)} of I/O, ${countText(spill.checksum_errors)} of checksums`,
    ],
    failed,
  ];
}
