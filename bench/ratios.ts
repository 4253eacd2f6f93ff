/**
 * Ratios of benchmarks that are kept in `ratios.json`, so that a later run can be held against
 * them: which figures of a report count, and what to think of one that has changed. Only ratios to
 * something in the same run, and sizes: those travel between machines, microseconds do not.
 */
import type { Report, Table } from './harness.ts';

export type Direction = 'lower' | 'higher';

/** One ratio as it is kept. */
export interface Committed {
  readonly value: number;
  /** Which way is better. */
  readonly better: Direction;
  /** What noise may make of it: 0.2 lets 1.0 be 1.2, or the other way 0.83. */
  readonly tolerance: number;
}

/** By benchmark and the ratio's name. */
export type Ratios = Readonly<Record<string, Readonly<Record<string, Committed>>>>;

/** A column of a benchmark's tables whose cells are kept. */
interface Watched {
  readonly column: RegExp;
  /** Rows that count; all unless given. */
  readonly row?: RegExp;
  readonly better: Direction;
  readonly tolerance: number;
}

const OURS = /^zswapd/;

/**
 * Tolerances are what runs of the same build may differ by on a machine that others use as well:
 * little for sizes, more for processor time, most for rates and latencies that few requests see.
 */
const WATCHED: Readonly<Record<string, readonly Watched[]>> = {
  page: [
    { column: /^(store|overwrite|load) \/ native$/, better: 'lower', tolerance: 0.15 },
    { column: /^our (store|load) \/ its$/, row: /^zram/, better: 'lower', tolerance: 0.2 },
    { column: /^compressed \/ pages$/, better: 'lower', tolerance: 0.01 },
  ],
  nbd: [
    { column: /^rate \/ nbdkit/, row: OURS, better: 'higher', tolerance: 0.3 },
    { column: /^server us \/ nbdkit zstd$/, row: OURS, better: 'lower', tolerance: 0.25 },
    { column: /^p99 \/ nbdkit memory$/, row: OURS, better: 'lower', tolerance: 1 },
  ],
  memory: [
    { column: /^\/ data$/, better: 'lower', tolerance: 0.05 },
    { column: /^metadata bytes a stored page$/, better: 'lower', tolerance: 0.03 },
    { column: /^after discard \/ before$/, row: OURS, better: 'lower', tolerance: 0.15 },
  ],
  folios: [{ column: /^of order 0$/, row: /^(?!order 0$)/, better: 'lower', tolerance: 0.15 }],
  scale: [
    { column: / \/ least pages$/, row: /^(?!1e\+4$)/, better: 'lower', tolerance: 0.3 },
    { column: /^metadata$/, better: 'lower', tolerance: 0.03 },
  ],
  shards: [{ column: /^two \/ one$/, better: 'higher', tolerance: 0.15 }],
  explorer: [
    { column: /^rate \/ smallest$/, row: /^(?!2 clients, 1 )/, better: 'higher', tolerance: 0.2 },
  ],
  cache: [{ column: /^entries a MiB$/, row: OURS, better: 'higher', tolerance: 0.1 }],
  writeback: [
    { column: /^\/ fio, 4 in flight$/, row: /^(?!fio)/, better: 'higher', tolerance: 0.3 },
    { column: /^p99 \/ idle$/, better: 'lower', tolerance: 1 },
  ],
  guest: [
    { column: /^hog \/ /, row: OURS, better: 'lower', tolerance: 0.25 },
    { column: /^(fill out|checks in) \/ /, row: OURS, better: 'higher', tolerance: 0.3 },
  ],
};

/** Benchmarks in which only the table's title says what a row and a column are about. */
const TITLED: ReadonlySet<string> = new Set(['nbd', 'folios', 'explorer']);

/** The ratios of a report by name, in its order. */
export function ratiosOf(report: Report): Readonly<Record<string, Committed>> {
  const found: Record<string, Committed> = {};
  for (const table of report.tables) {
    const title = TITLED.has(report.benchmark) ? `${table.title}: ` : '';
    for (const { column, row, better, tolerance } of WATCHED[report.benchmark] ?? []) {
      for (const [name, value] of cellsOf(table, column, row)) {
        found[title + name] = { value, better, tolerance };
      }
    }
  }
  return found;
}

function* cellsOf(table: Table, column: RegExp, row = /^/): Iterable<readonly [string, number]> {
  for (const cells of table.rows) {
    const [who, ...rest] = cells;
    for (const [index, cell] of rest.entries()) {
      const title = table.columns[index + 1] ?? '';
      if (typeof who !== 'string' || !column.test(title) || !row.test(who)) continue;
      const value = numberOf(cell);
      if (value !== undefined) yield [`${who}: ${title}`, round(value)];
    }
  }
}

/** What could not be measured is missing, or is null where a report has been through JSON. */
function numberOf(cell: Table['rows'][number][number] | null): number | undefined {
  const value = typeof cell === 'object' ? cell?.median : cell;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

const round = (value: number): number => Number(value.toPrecision(4));

export type Verdict = 'REGRESSION' | 'better' | 'holds' | 'skipped' | 'new';

export interface Compared {
  readonly benchmark: string;
  readonly name: string;
  readonly committed?: number;
  readonly now?: number;
  readonly verdict: Verdict;
}

/** Holds reports against what is kept; benchmarks without a report are left out. */
export function compareRatios(committed: Ratios, reports: readonly Report[]): Compared[] {
  return reports.flatMap((report) => {
    const { benchmark } = report;
    const [kept, found] = [committed[benchmark] ?? {}, ratiosOf(report)];
    const names = new Set([...Object.keys(kept), ...Object.keys(found)]);
    return [...names].map((name) => compareOne(benchmark, name, kept[name], found[name]?.value));
  });
}

function compareOne(
  benchmark: string,
  name: string,
  kept: Committed | undefined,
  now: number | undefined,
): Compared {
  if (kept === undefined) {
    return { benchmark, name, ...(now === undefined ? {} : { now }), verdict: 'new' };
  }
  const { value: committed, better, tolerance } = kept;
  if (now === undefined) return { benchmark, name, committed, verdict: 'skipped' };
  const worse = better === 'lower' ? now / committed : committed / now;
  const verdict =
    worse > 1 + tolerance ? 'REGRESSION' : worse < 1 / (1 + tolerance) ? 'better' : 'holds';
  return { benchmark, name, committed, now, verdict };
}

/**
 * What is to be kept after these reports. A tolerance that somebody has changed in the file stays,
 * and so does all that the reports say nothing of.
 */
export function updatedRatios(committed: Ratios, reports: readonly Report[]): Ratios {
  const updated: Record<string, Readonly<Record<string, Committed>>> = { ...committed };
  for (const report of reports) {
    const kept = committed[report.benchmark] ?? {};
    const found = Object.entries(ratiosOf(report)).map(([name, ratio]) => {
      const tolerance = kept[name]?.tolerance ?? ratio.tolerance;
      return [name, { ...ratio, tolerance }] as const;
    });
    updated[report.benchmark] = { ...kept, ...Object.fromEntries(found) };
  }
  return updated;
}

/** Reads the text of `ratios.json`. Throws TypeError where it is not what it should be. */
export function parseRatios(text: string): Ratios {
  const ratios = JSON.parse(text) as Ratios;
  for (const [benchmark, all] of Object.entries(ratios)) {
    for (const [name, { value, better, tolerance }] of Object.entries(all)) {
      const isDirection = better === 'lower' || better === 'higher';
      if (!(value > 0) || !isDirection || !(tolerance >= 0)) {
        throw new TypeError(`${benchmark}: ${name}: wants value, better and tolerance`);
      }
    }
  }
  return ratios;
}

/** Reads what `--json` has printed: one report. Throws TypeError where it is none. */
export function parseReport(text: string): Report {
  const report = JSON.parse(text) as Partial<Report> | null;
  if (typeof report?.benchmark !== 'string' || !Array.isArray(report.tables)) {
    throw new TypeError('not a report that a benchmark has printed with --json');
  }
  return report as Report;
}
