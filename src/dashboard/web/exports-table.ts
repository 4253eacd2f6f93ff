/** The exports as a table that is sorted by the column that was chosen last. */
import {
  exportFigures,
  sortExports,
  type ExportColumn,
  type ExportFigures,
} from '../../metrics/figures.ts';
import {
  bytesText,
  durationText,
  pageRateText,
  percentText,
  ratioText,
} from '../../metrics/words.ts';
import { html, setText } from './dom.ts';
import type { History } from './history.ts';

interface Column {
  readonly key: ExportColumn;
  readonly title: string;
  readonly text: (row: ExportFigures) => string;
}

const COLUMNS: readonly Column[] = [
  { key: 'name', title: 'Export', text: ({ name }) => name },
  { key: 'storedBytes', title: 'Stored', text: ({ storedBytes }) => bytesText(storedBytes) },
  {
    key: 'compressedBytes',
    title: 'In pool',
    text: ({ compressedBytes }) => bytesText(compressedBytes),
  },
  { key: 'limitBytes', title: 'Limit', text: limitText },
  { key: 'ratio', title: 'Ratio', text: ({ ratio }) => ratioText(ratio) },
  { key: 'stored', title: 'In', text: ({ stored }) => pageRateText(stored) },
  { key: 'loaded', title: 'Out', text: ({ loaded }) => pageRateText(loaded) },
  { key: 'writtenBack', title: 'Back', text: ({ writtenBack }) => pageRateText(writtenBack) },
  {
    key: 'oldestSeconds',
    title: 'Oldest',
    text: ({ oldestSeconds }) => durationText(oldestSeconds),
  },
];

/** More rows than this are counted and not drawn. */
const ROWS_MAX = 50;

function limitText({ compressedBytes, limitBytes }: ExportFigures): string {
  if (limitBytes === undefined) return 'none';
  return `${percentText(compressedBytes, limitBytes)} of ${bytesText(limitBytes)}`;
}

export class ExportsTable {
  readonly #body: HTMLElement = html('tbody');
  readonly #summary: HTMLElement = html('p', { class: 'summary' });
  readonly #heads = new Map<ExportColumn, HTMLElement>();
  #column: ExportColumn = 'compressedBytes';
  #reversed = false;
  #history: History | undefined;

  constructor(container: HTMLElement) {
    const heads = COLUMNS.map(({ key, title }) => {
      const button = html('button', { type: 'button' }, title);
      button.addEventListener('click', () => this.#sortBy(key));
      const head = html('th', { scope: 'col' }, button);
      this.#heads.set(key, head);
      return head;
    });
    const caption = html('caption', {}, 'Exports; the buttons of the head sort');
    const table = html('table', { class: 'exports' }, caption);
    table.append(html('thead', {}, html('tr', {}, ...heads)), this.#body);
    const attributes = { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Exports' };
    container.append(this.#summary, html('div', attributes, table));
    this.#markSorted();
  }

  update(history: History): void {
    this.#history = history;
    this.#draw();
  }

  #sortBy(column: ExportColumn): void {
    this.#reversed = column === this.#column && !this.#reversed;
    this.#column = column;
    this.#markSorted();
    this.#draw();
  }

  #markSorted(): void {
    // Names go upwards first, figures downwards.
    const isUp = (this.#column === 'name') !== this.#reversed;
    for (const [key, head] of this.#heads) {
      if (key === this.#column) head.setAttribute('aria-sort', isUp ? 'ascending' : 'descending');
      else head.removeAttribute('aria-sort');
    }
  }

  #draw(): void {
    const { now, before } = this.#history ?? {};
    if (now === undefined) return;
    const rows = sortExports(exportFigures(before, now), this.#column, this.#reversed);
    const shown = rows.slice(0, ROWS_MAX);
    const rest = rows.length - shown.length;
    const more = rest > 0 ? `, the first ${ROWS_MAX} below; zswapd top has all` : '';
    const noun = rows.length === 1 ? 'export shares' : 'exports share';
    setText(this.#summary, `${rows.length} ${noun} the pool${more}.`);
    this.#body.replaceChildren(...shown.map(rowOf));
  }
}

function rowOf(row: ExportFigures): HTMLTableRowElement {
  const cells = COLUMNS.map(({ key, title, text }) =>
    key === 'name'
      ? html('th', { scope: 'row' }, text(row))
      : html('td', { 'data-label': title, 'data-figure': key }, text(row)),
  );
  return html('tr', { 'data-export': row.name }, ...cells);
}
