/**
 * `zswapd tune`: searches compressors and pool sizes for the most memory gained within a bound on
 * what a fault takes, from the user's own pages and a model of how they are referenced.
 */
import { readFileSync } from 'node:fs';
import type { CompressorEstimate } from '../../estimate/estimate.ts';
import { formatTune, tuneJson, type TuneReport } from '../../estimate/report/tune.ts';
import { readError } from '../../estimate/source/file.ts';
import { type HitCurve, recordedCurve, zipfCurve } from '../../estimate/tune/hit-curve.ts';
import { LRU_POLICY, type MachineModel, modelEvaluate } from '../../estimate/tune/machine-model.ts';
import { parsePageTrace } from '../../estimate/tune/page-trace.ts';
import { type Aim, AIMS, tune } from '../../estimate/tune/tune.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { EXIT_OK, type Command } from '../command.ts';
import { estimateAll, readSample } from '../page-estimates.ts';
import { parseArguments, renderHelp, resolveOptions, UsageError } from '../options/args.ts';
import type { HelpSpec, OptionTable, OptionValues } from '../options/args.ts';
import {
  chosenCompressors,
  openPages,
  PAGE_OPTIONS,
  PAGE_POSITIONAL,
  parsePoolSize,
  parseWhole,
} from '../options/page-options.ts';
import { parsePath } from '../options/values.ts';
import { VERSION } from '../version.ts';

const DEFAULT_AIM: Aim = 'memory';
const DEFAULT_LATENCY_US = 50;
const DEFAULT_DEVICE_US = 100;
const DEFAULT_SKEW = 0.9;
/** Pool sizes that are tried, in parts of RAM. */
const POOL_PERCENTS: readonly number[] = [5, 10, 15, 20, 25, 30, 40, 50, 60, 75];
const MICROSECONDS_MAX = 10_000_000;

const OPTIONS = {
  ...PAGE_OPTIONS,
  aim: {
    kind: 'value',
    value: 'AIM',
    parse: parseAim,
    preset: DEFAULT_AIM,
    help: 'memory (the most gained) or latency (the least time lost to faults)',
  },
  'latency-us': {
    kind: 'value',
    value: 'US',
    parse: (text: string): number => parseWhole(text, 1, MICROSECONDS_MAX, 'microseconds'),
    preset: String(DEFAULT_LATENCY_US),
    help: 'what a fault may take on the average, from pool and device together',
  },
  ram: {
    kind: 'value',
    value: 'SIZE',
    parse: parsePoolSize,
    preset: 'half of what the pages take',
    help: 'RAM for these pages and the pool together',
  },
  'pool-size': {
    kind: 'list',
    value: 'SIZE',
    parse: parsePoolSize,
    preset: `${POOL_PERCENTS.join(', ')} % of RAM`,
    help: 'a pool size to try',
  },
  'device-us': {
    kind: 'value',
    value: 'US',
    parse: (text: string): number => parseWhole(text, 1, MICROSECONDS_MAX, 'microseconds'),
    preset: `${DEFAULT_DEVICE_US}, as of an SSD`,
    help: 'what a page from the swap device takes',
  },
  skew: {
    kind: 'value',
    value: 'NUMBER',
    parse: parseSkew,
    preset: String(DEFAULT_SKEW),
    help: 'how unevenly pages are referenced: the n-th in proportion to 1/n^NUMBER',
  },
  trace: {
    kind: 'value',
    value: 'PATH',
    parse: parsePath,
    excludes: 'skew',
    help: 'recorded references instead: a page number a line',
  },
  json: { kind: 'switch', help: 'print JSON' },
} as const satisfies OptionTable;

const HELP: HelpSpec = {
  name: 'tune',
  description: [
    'Search compressors and pool sizes for the most memory gained within a bound on what a fault ' +
      'takes, for the pages of a process, of files or of dumps.',
    'What each setting leads to comes from a model, whose assumptions are printed: where ' +
      'references find their page is that of LRU, by --skew or by --trace.',
  ],
  options: OPTIONS,
  positional: PAGE_POSITIONAL,
};

function parseAim(text: string): Aim {
  const aim = AIMS.find((known) => known === text);
  if (aim !== undefined) return aim;
  throw new RangeError(`'${text}' is not an aim; it takes ${AIMS.join(', ')}`);
}

function parseSkew(text: string): number {
  const skew = /^\d(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (skew <= 3) return skew;
  throw new RangeError(`'${text}' is not a skew; it takes a number from 0 to 3, such as 0.9`);
}

function curveOf(options: OptionValues<typeof OPTIONS>, pages: number): HitCurve {
  const { trace, skew = DEFAULT_SKEW } = options;
  if (trace === undefined) return zipfCurve(pages, skew);
  try {
    return recordedCurve(parsePageTrace(trace, readFileSync(trace, 'utf8')));
  } catch (error) {
    throw readError(trace, error);
  }
}

/** The pool sizes to try, whole pages each, the least first. */
function poolSizes(options: OptionValues<typeof OPTIONS>, ramBytes: number): readonly number[] {
  const given = options['pool-size'];
  const tooLarge = given?.find((bytes) => bytes >= ramBytes);
  if (tooLarge !== undefined) {
    throw new UsageError(`--pool-size: ${tooLarge} bytes are not less than the RAM (${ramBytes})`);
  }
  const sizes = given ?? POOL_PERCENTS.map((part) => (ramBytes * part) / 100);
  const whole = sizes.map((bytes) => Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE);
  return [...new Set(whole)].toSorted((a, b) => a - b);
}

async function search(
  options: OptionValues<typeof OPTIONS>,
  paths: readonly string[],
): Promise<TuneReport> {
  const specs = chosenCompressors(options);
  const source = openPages(options, paths);
  const sample = readSample(source, options);
  const curve = curveOf(options, sample.population);
  const workingBytes = curve.workingPages * PAGE_SIZE;
  const ramBytes = options.ram ?? Math.max(1, Math.ceil(curve.workingPages / 2)) * PAGE_SIZE;
  const sizes = poolSizes(options, ramBytes);
  const isTimed = options.sample === undefined;
  const compressors = await estimateAll(specs, sample, { isTimed });
  const deviceUs = options['device-us'] ?? DEFAULT_DEVICE_US;
  const model: MachineModel = { ramBytes, deviceUs, curve };
  const goal = {
    ramBytes,
    workingBytes,
    aim: options.aim ?? DEFAULT_AIM,
    latencyBoundUs: options['latency-us'] ?? DEFAULT_LATENCY_US,
  };
  const evaluate = modelEvaluate(model, compressors);
  const policies = [LRU_POLICY];
  const tuned = tune({ compressors, poolSizes: sizes, policies, evaluate, ...goal });
  const [first] = compressors;
  const compressor = first?.compressor ?? '';
  return {
    ...tuned,
    ...goal,
    source: source.name,
    deviceUs,
    assumption: curve.assumption,
    without: evaluate({ compressor, poolBytes: 0, policy: LRU_POLICY }),
    notTried: notTried(compressors),
  };
}

function notTried(compressors: readonly CompressorEstimate[]): readonly string[] {
  const names = compressors.map(({ compressor }) => compressor).join(', ');
  return [
    'policies other than LRU, the shrinker, and writeback=0, which need a replay of references',
    "zbud and z3fold, whose pools 'zswapd estimate' tells",
    `compressors and levels other than ${names} (--compressor all has them)`,
  ];
}

export const command: Command = {
  help: HELP,
  run: async (argv, { out }) => {
    const { given, positionals, help, version } = parseArguments(OPTIONS, argv, PAGE_POSITIONAL);
    if (help || version) {
      out(help ? renderHelp(HELP) : `${VERSION}\n`);
      return EXIT_OK;
    }
    const options = resolveOptions(OPTIONS, given);
    const report = await search(options, positionals);
    const isJson = options.json === true;
    out(isJson ? `${JSON.stringify(tuneJson(report), undefined, 2)}\n` : formatTune(report));
    return EXIT_OK;
  },
};
