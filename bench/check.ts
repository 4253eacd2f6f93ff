/**
 * `npm run bench -- check`: holds a run, new or printed earlier with `--json`, against the ratios
 * that are kept in `bench/ratios.json`, and names those that have become worse.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../test/support/project.ts';
import { describeMachine, loudly } from './environment.ts';
import type { Report } from './harness.ts';
import {
  compareRatios,
  parseRatios,
  parseReport,
  updatedRatios,
  type Compared,
  type Ratios,
  type Verdict,
} from './ratios.ts';

const FILE = 'bench/ratios.json';

export interface CheckOptions {
  /** Files of earlier reports; nothing is run where there are some. */
  readonly from: readonly string[];
  /** What to run otherwise. */
  readonly run: readonly (() => Promise<Report | undefined>)[];
  /** Writes the file anew instead of comparing. */
  readonly update: boolean;
}

export interface CheckResult {
  readonly report: Report;
  readonly regressions: number;
}

/** Throws where a file cannot be read or is not what it should be. */
export async function runCheck(options: CheckOptions): Promise<CheckResult> {
  const committed = readRatios();
  const reports = options.from.map((path) => parse(path, parseReport));
  for (const run of reports.length > 0 ? [] : options.run) {
    const report = await run();
    if (report !== undefined) reports.push(report);
  }
  const compared = compareRatios(committed, reports);
  if (options.update) {
    writeFileSync(projectFile(FILE), formatRatios(updatedRatios(committed, reports)));
  }
  const notes = notesOn(compared, options.update);
  return {
    report: {
      benchmark: 'check',
      machine: describeMachine(),
      notes,
      tables: [...new Set(reports.map(({ benchmark }) => benchmark))].map((benchmark) => ({
        title: benchmark,
        columns: ['ratio', 'committed', 'now', 'verdict'],
        rows: compared
          .filter((each) => each.benchmark === benchmark)
          .map(({ name, committed: before, now, verdict }) => [name, before, now, verdict]),
      })),
    },
    regressions: options.update ? 0 : regressionsAmong(compared).length,
  };
}

function readRatios(): Ratios {
  return parse(projectFile(FILE), parseRatios);
}

function parse<T>(path: string, parser: (text: string) => T): T {
  try {
    return parser(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

function regressionsAmong(compared: readonly Compared[]): Compared[] {
  return compared.filter(({ verdict }) => verdict === 'REGRESSION');
}

function notesOn(compared: readonly Compared[], isUpdate: boolean): string[] {
  const skipped = compared.filter(({ verdict }) => verdict === 'skipped');
  const count = (wanted: Verdict): number =>
    compared.filter(({ verdict }) => verdict === wanted).length;
  const notes = [...new Set(skipped.map(({ benchmark }) => benchmark))].map((benchmark) => {
    const names = skipped.filter((each) => each.benchmark === benchmark).map(({ name }) => name);
    return loudly(`${names.length} ratios of ${benchmark}: ${names.join('; ')}`);
  });
  if (isUpdate) return [...notes, `${FILE} is written anew; what was skipped is kept`];
  for (const { benchmark, name, committed = 0, now = 0 } of regressionsAmong(compared)) {
    notes.push(`REGRESSION: ${benchmark}: ${name}: ${committed} before, ${now} now`);
  }
  notes.push(
    `of ${compared.length} ratios ${count('holds')} hold, ${count('REGRESSION')} are worse, ` +
      `${count('better')} better than their tolerance; ${count('skipped')} are skipped, ` +
      `${count('new')} not kept yet (--update keeps what is new or better)`,
  );
  return notes;
}

/** One ratio a line, so that a change of one is a change of one line. */
function formatRatios(ratios: Ratios): string {
  const blocks = Object.entries(ratios).map(([benchmark, all]) => {
    const lines = Object.entries(all).map(
      ([name, kept]) => `    ${JSON.stringify(name)}: ${formatRatio(kept)}`,
    );
    return `  ${JSON.stringify(benchmark)}: {\n${lines.join(',\n')}\n  }`;
  });
  return `{\n${blocks.join(',\n')}\n}\n`;
}

function formatRatio({ value, better, tolerance }: Ratios[string][string]): string {
  return `{ "value": ${value}, "better": "${better}", "tolerance": ${tolerance} }`;
}
