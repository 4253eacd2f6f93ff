/**
 * `npm run bench -- NAME [options]`: runs a benchmark and prints its report. What each measures
 * and what it does not stands in `docs/benchmarks.md`.
 */
import { parseArgs } from 'node:util';
import { runCache } from './cache.ts';
import { runExplorer } from './explorer.ts';
import { runFolios } from './folios.ts';
import { runGuestBench } from './guest.ts';
import { renderReport, type Report } from './harness.ts';
import { runMemory } from './memory.ts';
import { runNbd } from './nbd.ts';
import { runPage } from './page.ts';
import { runWriteback } from './writeback.ts';
import { runScale } from './scale.ts';

interface Options {
  readonly rounds: number;
  readonly compressors?: readonly string[];
  readonly rivals: boolean;
  readonly job?: string;
}

const BENCHMARKS: Readonly<Record<string, (options: Options) => Promise<Report | undefined>>> = {
  page: runPage,
  nbd: runNbd,
  memory: runMemory,
  folios: runFolios,
  scale: runScale,
  explorer: runExplorer,
  cache: runCache,
  writeback: runWriteback,
  guest: runGuestBench,
};

const USAGE = `Usage: npm run bench -- NAME [options]

  NAME                    ${Object.keys(BENCHMARKS).join(', ')}
  --rounds N              rounds that count (default 5)
  --compressors A,B,...   only these
  --no-rivals             without the rivals
  --job TEXT              of nbd, only jobs with this in their names
  --json                  print JSON instead of tables
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      compressors: { type: 'string' },
      'no-rivals': { type: 'boolean', default: false },
      job: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const run = BENCHMARKS[positionals[0] ?? ''];
  const rounds = Number(values.rounds);
  if (run === undefined || positionals.length !== 1 || !(rounds >= 1 && rounds <= 1000)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const report = await run({
    rounds,
    rivals: !values['no-rivals'],
    ...(values.job === undefined ? {} : { job: values.job }),
    ...(values.compressors === undefined ? {} : { compressors: values.compressors.split(',') }),
  });
  // Undefined: nothing could be measured here, and a note has said why.
  if (report !== undefined) {
    process.stdout.write(
      values.json ? `${JSON.stringify(report, undefined, 1)}\n` : renderReport(report),
    );
  }
  return 0;
}

process.exitCode = await main();
