/**
 * What `zswapd top` shows, as lines of text: a pure function of two snapshots, so that it is the
 * same on a terminal, in a file and in a test.
 */
import {
  compressionRatio,
  exportFigures,
  pageRates,
  quantileSeconds,
  sortExports,
  storedBytes,
  type ExportColumn,
  type ExportFigures,
} from '../../metrics/figures.ts';
import type { StatsSnapshot } from '../../metrics/snapshot.ts';
import {
  bytesText,
  countText,
  durationText,
  pageRateText,
  percentText,
  rateText,
  ratioText,
} from '../../metrics/words.ts';

/** The newest snapshot, and the one before it where there is one. */
export interface Looks {
  readonly now: StatsSnapshot;
  readonly before: StatsSnapshot | undefined;
}

/** How the table of exports is to be shown. */
export interface TableView {
  readonly column: ExportColumn;
  readonly reversed: boolean;
  /** Rows that have been scrolled past. */
  readonly top: number;
}

/** Room, and whether there may be colours. */
export interface ScreenSize {
  /** Characters in a line. */
  readonly columns: number;
  /** Lines; Infinity shows all. */
  readonly rows: number;
  readonly colour: boolean;
}

interface TableColumn {
  readonly key: ExportColumn;
  readonly title: string;
  readonly width: number;
  readonly text: (row: ExportFigures) => string;
}

/** After the name, in the order in which they are shown; the last go first where room is short. */
const COLUMNS: readonly TableColumn[] = [
  { key: 'storedBytes', title: 'STORED', width: 10, text: (row) => bytesText(row.storedBytes) },
  {
    key: 'compressedBytes',
    title: 'IN POOL',
    width: 10,
    text: (row) => bytesText(row.compressedBytes),
  },
  { key: 'ratio', title: 'RATIO', width: 7, text: (row) => ratioText(row.ratio) },
  { key: 'stored', title: 'IN', width: 12, text: (row) => pageRateText(row.stored) },
  { key: 'loaded', title: 'OUT', width: 12, text: (row) => pageRateText(row.loaded) },
  { key: 'limitBytes', title: 'LIMIT', width: 10, text: limitText },
  { key: 'writtenBack', title: 'BACK', width: 12, text: (row) => pageRateText(row.writtenBack) },
  {
    key: 'oldestSeconds',
    title: 'OLDEST',
    width: 12,
    text: (row) => durationText(row.oldestSeconds),
  },
];

/** Columns that the table can be sorted by, in the order of the keys. */
export const SORT_COLUMNS: readonly ExportColumn[] = ['name', ...COLUMNS.map(({ key }) => key)];

/** Names that `--sort` takes. */
export const SORT_NAMES: ReadonlyMap<string, ExportColumn> = new Map([
  ['export', 'name'],
  ...COLUMNS.map(({ key, title }) => [title.toLowerCase().replace(' ', '-'), key] as const),
]);

const NAME_WIDTH_MIN = 12;
const NAME_WIDTH_MAX = 32;
const BAR_WIDTH = 30;

const BOLD = '1';
const DIM = '2';
const REVERSE = '7';
const RED = '31';

function limitText({ limitBytes }: ExportFigures): string {
  return limitBytes === undefined ? 'none' : bytesText(limitBytes);
}

/** A name as one line of visible characters: whoever named it must not move the cursor. */
function printable(name: string): string {
  return name.replaceAll(/\p{C}/gu, '?');
}

function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  return width <= 1 ? text.slice(0, width) : `${text.slice(0, width - 1)}…`;
}

/** Codes around a text that has been cut to its width already. */
function paint(text: string, code: string, { colour }: ScreenSize): string {
  return colour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
}

function poolBar(part: number, whole: number): string {
  const filled = whole > 0 ? Math.round(BAR_WIDTH * Math.min(1, part / whole)) : 0;
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`;
}

/** The lines above the table, not cut yet; each with the code it is painted with. */
function headLines({ now, before }: Looks): (readonly [text: string, code: string])[] {
  const { zswap, parameters, process } = now;
  const held = zswap.pool_total_size;
  const limit = parameters.pool_size;
  const rates = pageRates(before, now);
  const stored = storedBytes(now);
  const latency = now.nbd?.latency;
  const within = (share: number): string =>
    `write ${durationText(latency && quantileSeconds(latency.write, share))}, ` +
    `read ${durationText(latency && quantileSeconds(latency.read, share))}`;
  return [
    [
      `zswapd, up ${durationText(process.uptime_seconds)}, ${parameters.compressor} in ` +
        `${parameters.zpool}, resident ${bytesText(process.rss)}`,
      BOLD,
    ],
    [
      `pool     ${poolBar(held, limit)} ${bytesText(held)} of ${bytesText(limit)}, ` +
        `${percentText(held, limit)}`,
      held >= limit ? RED : '',
    ],
    [
      `stored   ${bytesText(stored)} in ${countText(zswap.stored_pages)} pages, ratio ` +
        `${ratioText(compressionRatio(now))}, gained ${bytesText(Math.max(0, stored - held))}`,
      '',
    ],
    [
      `rates    in ${pageRateText(rates?.stored)}, out ${pageRateText(rates?.loaded)}, ` +
        `back ${pageRateText(rates?.writtenBack)}, refused ${rateText(rates?.refused)}`,
      (rates?.refused ?? 0) > 0 ? RED : '',
    ],
    [`latency  median: ${within(0.5)}; 99 %: ${within(0.99)}`, ''],
    ['', ''],
  ];
}

/** Columns that there is room for, and the room that is left for names. */
function fittingColumns(
  rows: readonly ExportFigures[],
  size: ScreenSize,
): { readonly columns: readonly TableColumn[]; readonly nameWidth: number } {
  const longest = Math.max(NAME_WIDTH_MIN, ...rows.map(({ name }) => name.length));
  const nameWidth = Math.min(longest, NAME_WIDTH_MAX);
  let room = size.columns - nameWidth;
  let count = 0;
  for (const { width } of COLUMNS) {
    if (room < width) break;
    room -= width;
    count += 1;
  }
  return { columns: COLUMNS.slice(0, count), nameWidth: Math.min(nameWidth, size.columns) };
}

function tableHead(
  columns: readonly TableColumn[],
  nameWidth: number,
  view: TableView,
  size: ScreenSize,
): string {
  const title = (key: ExportColumn, text: string): string => {
    if (key !== view.column) return text;
    const isUp = (key === 'name') !== view.reversed;
    return `${text}${isUp ? '↑' : '↓'}`;
  };
  const mark = (key: ExportColumn, text: string): string =>
    paint(text, key === view.column ? `${BOLD};${REVERSE}` : REVERSE, size);
  return [
    mark('name', cut(title('name', 'EXPORT'), nameWidth).padEnd(nameWidth)),
    ...columns.map(({ key, title: text, width }) => mark(key, title(key, text).padStart(width))),
  ].join('');
}

/** Rows of the table that a screen of this size shows. */
export function visibleRows(size: ScreenSize): number {
  // The lines above, the table's head, and the last line.
  return Math.max(1, size.rows - 8);
}

/** The whole screen; `last` is its last line, such as the keys there are. */
export function renderTop(looks: Looks, view: TableView, size: ScreenSize, last: string): string[] {
  const rows = sortExports(exportFigures(looks.before, looks.now), view.column, view.reversed);
  const { columns, nameWidth } = fittingColumns(rows, size);
  const shown = rows.slice(view.top, view.top + visibleRows(size));
  const head = headLines(looks).map(([text, code]) => {
    const fitting = cut(text, size.columns);
    return code === '' ? fitting : paint(fitting, code, size);
  });
  const body = shown.map((row) =>
    [
      cut(printable(row.name), nameWidth).padEnd(nameWidth),
      ...columns.map(({ text, width }) => text(row).padStart(width)),
    ].join(''),
  );
  const below = rows.length - view.top - shown.length;
  const note = below > 0 ? `${below} more below. ${last}` : last;
  return [
    ...head,
    tableHead(columns, nameWidth, view, size),
    ...body,
    ...(note === '' ? [] : [paint(cut(note, size.columns), DIM, size)]),
  ];
}
