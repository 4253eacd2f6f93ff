/**
 * What all benchmarks have in common: rounds that alternate between the contestants, so that a
 * busy machine slows them alike, and the median, least and most of the rounds instead of one
 * figure.
 *
 * Absolute figures belong to one machine on one day. Each benchmark gives ratios to a rival that
 * ran in the same rounds; those travel better.
 */

/** Figures of one contestant in one round, by name. */
export type Round = Readonly<Record<string, number>>;

/** Something that is measured, many times. */
export interface Contestant {
  readonly name: string;
  /** Runs once. The first run is a warm-up and does not count. */
  run(): Round | Promise<Round>;
}

/** What became of a figure over the rounds. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The figures of one contestant by name. */
export type Summaries = Readonly<Record<string, Summary>>;

/** The median (of an even number the mean of the middle two), the least and the most. */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/**
 * Runs all contestants in turn, round after round, each round beginning with another one.
 *
 * @param rounds - rounds that count, after one that does not
 */
export async function interleave(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<ReadonlyMap<string, Summaries>> {
  const seen = new Map(contestants.map(({ name }) => [name, [] as Round[]]));
  for (let round = -1; round < rounds; round += 1) {
    const first = (round + 1) % Math.max(contestants.length, 1);
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const figures = await contestant.run();
      if (round >= 0) seen.get(contestant.name)?.push(figures);
    }
  }
  return new Map([...seen].map(([name, all]) => [name, summarizeRounds(all)]));
}

function summarizeRounds(rounds: readonly Round[]): Summaries {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, summarize(rounds.map((round) => round[name] ?? Number.NaN))]),
  );
}

/** A table of results: the first column says what a row is about. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | Summary | undefined)[])[];
}

/** What a benchmark has to say. */
export interface Report {
  readonly benchmark: string;
  readonly machine: string;
  /** Conditions that the figures depend on, and what could not be measured. */
  readonly notes: readonly string[];
  readonly tables: readonly Table[];
}

/** Three significant digits, and no digits that mean nothing in a large number. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toString();
  return value.toPrecision(3);
}

function formatCell(cell: Table['rows'][number][number]): string {
  if (cell === undefined) return '-';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return formatNumber(cell);
  const [median, min, max] = [cell.median, cell.min, cell.max].map(formatNumber);
  return `${median} (${min}..${max})`;
}

function renderTable(table: Table): string {
  const rows = [table.columns, ...table.rows.map((row) => row.map(formatCell))];
  const widths = table.columns.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const render = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [`\n${table.title}\n`, ...rows.map(render)].join('\n');
}

/** The report as text for a terminal. */
export function renderReport(report: Report): string {
  const notes = report.notes.map((note) => `- ${note}`);
  const head = [`${report.benchmark} on ${report.machine}`, ...notes].join('\n');
  return `${head}\n${report.tables.map(renderTable).join('\n')}\n`;
}

/** `value / base` with the spread left out: medians of the same rounds. */
export function ratio(value: Summary | undefined, base: Summary | undefined): number | undefined {
  if (value === undefined || base === undefined) return undefined;
  return value.median / base.median;
}
