/**
 * `npm run bench -- NAME [options]`: runs a benchmark and prints its report. What each measures
 * and what it does not stands in `docs/benchmarks.md`.
 */
import { parseArgs } from 'node:util';
import { runCache } from './cache.ts';
import { runCheck } from './check.ts';
import { runExplorer } from './explorer.ts';
import { runFolios } from './folios.ts';
import { runGuestBench } from './guest.ts';
import { renderReport, type Report } from './harness.ts';
import { runMemory } from './memory.ts';
import { runNbd } from './nbd.ts';
import { runPage } from './page.ts';
import { runWriteback } from './writeback.ts';
import { runScale } from './scale.ts';
import { runShards } from './shards.ts';

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
  shards: runShards,
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

       npm run bench -- check [options]

Holds a run against bench/ratios.json and names what has become worse; exit status 1 if anything.

  --bench A,B,...         what to run (default page,memory)
  --from FILE             hold a report of an earlier run with --json against it; may be repeated
  --update                write the file anew instead
`;

const CONFIG = {
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    compressors: { type: 'string' },
    'no-rivals': { type: 'boolean', default: false },
    job: { type: 'string' },
    json: { type: 'boolean', default: false },
    bench: { type: 'string', default: 'page,memory' },
    from: { type: 'string', multiple: true },
    update: { type: 'boolean', default: false },
  },
} as const;

function parse(): ReturnType<typeof parseArgs<typeof CONFIG>> | undefined {
  try {
    return parseArgs(CONFIG);
  } catch {
    return undefined;
  }
}

type Values = NonNullable<ReturnType<typeof parse>>['values'];

async function main(): Promise<number> {
  const { values, positionals } = parse() ?? {};
  const rounds = Number(values?.rounds);
  if (values === undefined || positionals?.length !== 1 || !(rounds >= 1 && rounds <= 1000)) {
    return usage();
  }
  const options: Options = {
    rounds,
    rivals: !values['no-rivals'],
    ...(values.job === undefined ? {} : { job: values.job }),
    ...(values.compressors === undefined ? {} : { compressors: values.compressors.split(',') }),
  };
  if (positionals[0] === 'check') return await check(values, options);
  const run = BENCHMARKS[positionals[0] ?? ''];
  if (run === undefined) return usage();
  const report = await run(options);
  // Undefined: nothing could be measured here, and a note has said why.
  if (report !== undefined) print(report, values);
  return 0;
}

/** Exit status 1 for a regression, 2 where files or a benchmark are not as they should be. */
async function check(values: Values, options: Options): Promise<number> {
  const names = values.bench.split(',');
  const run = names.flatMap((name) => BENCHMARKS[name] ?? []);
  if (run.length !== names.length) return usage();
  try {
    const { report, regressions } = await runCheck({
      from: values.from ?? [],
      run: run.map((each) => () => each(options)),
      update: values.update,
    });
    print(report, values);
    return regressions > 0 ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
}

function usage(): number {
  process.stderr.write(USAGE);
  return 2;
}

function print(report: Report, { json }: Values): void {
  process.stdout.write(json ? `${JSON.stringify(report, undefined, 1)}\n` : renderReport(report));
}

process.exitCode = await main();
