/** Refused pages by reason: bars, with the reasons in words that an operator can act on. */
import { refusedPages } from '../../../metrics/figures.ts';
import type { RejectReason } from '../../../metrics/snapshot.ts';
import { countText, percentText, rateText } from '../../../metrics/words.ts';
import { Summary } from '../chart/svg.ts';
import { html } from '../dom.ts';
import type { History } from '../history.ts';

const REASONS: readonly (readonly [RejectReason, string])[] = [
  ['pool_limit', 'the pool was at its limit'],
  ['memcg_limit', 'its export was at its limit'],
  ['reject_compress_poor', 'it does not compress'],
  ['reject_compress_fail', 'the compressor failed'],
  ['reject_alloc_fail', 'the allocator had no memory'],
  ['reject_kmemcache_fail', 'there were too many entries'],
  ['disabled', 'the pool was disabled'],
  ['no_pool', 'there was no pool'],
];

export class RejectsSection {
  readonly #summary: Summary = new Summary('rejects-summary');
  readonly #list: HTMLElement = html('ul', { class: 'bars', role: 'list' });

  constructor(container: HTMLElement) {
    container.append(this.#summary.element, this.#list);
  }

  update({ now, moments }: History): void {
    if (now === undefined) return;
    const total = refusedPages(now);
    const rate = moments.at(-1)?.rates?.refused;
    this.#summary.set(
      total === 0
        ? 'No page has been refused.'
        : `${countText(total)} pages since start, now ${rateText(rate)}; they went to the ` +
            `device, or their writers were told that there is no space.`,
    );
    const items = REASONS.filter(([reason]) => now.rejects[reason] > 0).map(([reason, why]) => {
      const count = now.rejects[reason];
      const bar = html('div', { class: 'bar', 'aria-hidden': 'true' });
      bar.style.setProperty('--share', String(count / total));
      const text = `${countText(count)} (${percentText(count, total)})`;
      return html(
        'li',
        { 'data-reject': reason },
        html('span', { class: 'why' }, `${why} `, html('code', {}, reason)),
        html('span', { class: 'amount' }, text),
        bar,
      );
    });
    this.#list.replaceChildren(...items);
  }
}
