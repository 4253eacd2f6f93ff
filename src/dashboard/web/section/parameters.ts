/** What is in force, by the kernel's names, and what the process itself takes. */
import type { StatsSnapshot } from '../../../metrics/snapshot.ts';
import { bytesText, countText } from '../../../metrics/words.ts';
import { html } from '../dom.ts';
import type { History } from '../history.ts';

/** Terms and what is said of them. */
export function definitions(rows: readonly (readonly [string, string])[]): HTMLElement[] {
  return rows.map(([term, text]) => html('div', {}, html('dt', {}, term), html('dd', {}, text)));
}

export class ParametersSection {
  readonly #list: HTMLElement = html('dl', { class: 'facts' });

  constructor(container: HTMLElement) {
    container.append(this.#list);
  }

  update({ now }: History): void {
    if (now !== undefined) this.#list.replaceChildren(...definitions(facts(now)));
  }
}

function facts({ parameters, process, zswap, nbd }: StatsSnapshot): (readonly [string, string])[] {
  const parameterRows = Object.entries(parameters).map(
    ([name, value]): readonly [string, string] => [
      name,
      name === 'pool_size' ? bytesText(Number(value)) : String(value),
    ],
  );
  return [
    ...parameterRows,
    ['Incompressible pages', countText(zswap.stored_incompressible_pages)],
    ['Failed decompressions', countText(zswap.decompress_fail)],
    ['Resident memory', bytesText(process.rss)],
    ['Metadata', bytesText(process.metadata_bytes)],
    ...(nbd === undefined
      ? []
      : [
          ['NBD connections', countText(nbd.connections)] as const,
          ['NBD replies with errors', countText(nbd.errors)] as const,
        ]),
  ];
}
