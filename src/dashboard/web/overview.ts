/** The figures at the top: how full, how good, how busy. */
import { compressionRatio, refusedPages, storedBytes } from '../../metrics/figures.ts';
import {
  bytesText,
  countText,
  NO_FIGURE,
  pageRateText,
  percentText,
  rateText,
  ratioText,
} from '../../metrics/words.ts';
import { html, setText } from './dom.ts';
import type { History } from './history.ts';

/** One figure with its name and a line that explains it. */
class Tile {
  readonly element: HTMLElement;
  readonly #value: HTMLElement;
  readonly #note: HTMLElement;

  constructor(name: string, figure: string, ...more: readonly Node[]) {
    this.#value = html('dd', { class: 'value', 'data-figure': figure }, NO_FIGURE);
    this.#note = html('dd', { class: 'note' });
    this.element = html('div', { class: 'tile' }, html('dt', {}, name), this.#value, ...more);
    this.element.append(this.#note);
  }

  set(value: string, note: string): void {
    setText(this.#value, value);
    setText(this.#note, note);
  }
}

export class Overview {
  readonly #meter: HTMLMeterElement = html('meter', {
    min: 0,
    max: 1,
    low: 0.95,
    high: 1,
    optimum: 0,
    'aria-label': 'Share of the pool limit in use',
  });
  readonly #pool: Tile = new Tile('In the pool', 'pool', html('dd', {}, this.#meter));
  readonly #ratio: Tile = new Tile('Compression ratio', 'ratio');
  readonly #saved: Tile = new Tile('Memory gained', 'gained');
  readonly #in: Tile = new Tile('Stored', 'stored-rate');
  readonly #out: Tile = new Tile('Loaded', 'loaded-rate');
  readonly #writeback: Tile = new Tile('Written back', 'written-back');
  readonly #refused: Tile = new Tile('Refused', 'refused');

  constructor(container: HTMLElement) {
    const tiles = [
      this.#pool,
      this.#ratio,
      this.#saved,
      this.#in,
      this.#out,
      this.#writeback,
      this.#refused,
    ];
    container.append(html('dl', { class: 'tiles' }, ...tiles.map(({ element }) => element)));
  }

  update({ now, moments }: History): void {
    if (now === undefined) return;
    const { zswap, parameters, vmstat } = now;
    const held = zswap.pool_total_size;
    const limit = parameters.pool_size;
    const rates = moments.at(-1)?.rates;
    this.#meter.value = limit > 0 ? held / limit : 0;
    this.#pool.set(bytesText(held), `${percentText(held, limit)} of ${bytesText(limit)}`);
    this.#ratio.set(
      ratioText(compressionRatio(now)),
      `${bytesText(storedBytes(now))} in ${countText(zswap.stored_pages)} pages`,
    );
    const gained = storedBytes(now) - held;
    this.#saved.set(
      gained < 0 ? `−${bytesText(-gained)}` : bytesText(gained),
      'stored pages less the pool',
    );
    this.#in.set(pageRateText(rates?.stored), `${countText(vmstat.zswpout)} pages so far`);
    this.#out.set(pageRateText(rates?.loaded), `${countText(vmstat.zswpin)} pages so far`);
    this.#writeback.set(
      countText(zswap.written_back_pages),
      `pages; now ${rateText(rates?.writtenBack)}`,
    );
    this.#refused.set(countText(refusedPages(now)), `pages; now ${rateText(rates?.refused)}`);
  }
}
