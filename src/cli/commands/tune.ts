/**
 * `zswapd tune`: searches compressors and pool sizes for the most memory gained within a bound on
 * what a fault takes, from the user's own pages and a model of how they are referenced; or, with
 * a trace, from runs of the engine in replay's machine.
 */
import type { CompressorEstimate } from '../../estimate/estimate.ts';
import { formatTune, tuneJson, type TuneReport } from '../../estimate/report/tune.ts';
import type { Sample } from '../../estimate/sample.ts';
import { zipfCurve } from '../../estimate/tune/hit-curve.ts';
import { LRU_POLICY, modelEvaluate } from '../../estimate/tune/machine-model.ts';
import type { Evaluate } from '../../estimate/tune/settings.ts';
import { type Aim, AIMS, tune } from '../../estimate/tune/tune.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { openTraceFile } from '../../trace/input/trace-file.ts';
import { ENGINE_POLICIES } from '../../trace/plan.ts';
import { readTrace, type ReadTrace } from '../../trace/read-trace.ts';
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
import { replayEvaluate } from '../tune-replay.ts';
import { VERSION } from '../version.ts';

const DEFAULT_AIM: Aim = 'memory';
const DEFAULT_LATENCY_US = 50;
const DEFAULT_DEVICE_US = 100;
const DEFAULT_SKEW = 0.9;
/** Pool sizes that are tried, in parts of RAM. */
const POOL_PERCENTS: readonly number[] = [5, 10, 15, 20, 25, 30, 40, 50, 60, 75];
/** With a trace, each setting is a run. */
const REPLAYED_PERCENTS: readonly number[] = [10, 20, 30, 50, 75];
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
    preset: `${POOL_PERCENTS.join(', ')} % of RAM; fewer with --trace`,
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
    help: "run the engine over these references instead: any trace that 'zswapd replay' reads",
  },
  json: { kind: 'switch', help: 'print JSON' },
} as const satisfies OptionTable;

const HELP: HelpSpec = {
  name: 'tune',
  description: [
    'Search compressors and pool sizes for the most memory gained within a bound on what a fault ' +
      'takes, for the pages of a process, of files or of dumps.',
    'What each setting leads to comes from a model of LRU, whose assumptions are printed; with ' +
      '--trace it comes from running the engine over recorded references, in the simulated ' +
      "machine of 'zswapd replay', with each policy that it has.",
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

/** The pool sizes to try, whole pages each, the least first. */
function poolSizes(options: OptionValues<typeof OPTIONS>, ramBytes: number): readonly number[] {
  const given = options['pool-size'];
  const tooLarge = given?.find((bytes) => bytes >= ramBytes);
  if (tooLarge !== undefined) {
    throw new UsageError(`--pool-size: ${tooLarge} bytes are not less than the RAM (${ramBytes})`);
  }
  const percents = options.trace === undefined ? POOL_PERCENTS : REPLAYED_PERCENTS;
  const sizes = given ?? percents.map((part) => (ramBytes * part) / 100);
  const whole = sizes.map((bytes) => Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE);
  return [...new Set(whole)].toSorted((a, b) => a - b);
}

/** What answers, and what it rests on. */
interface Answers {
  readonly evaluate: Evaluate;
  readonly policies: readonly string[];
  readonly assumption: string;
  readonly notTried: readonly string[];
}

interface Machine {
  readonly ramBytes: number;
  readonly deviceUs: number;
  readonly poolSizes: readonly number[];
  readonly compressors: readonly CompressorEstimate[];
}

function modelAnswers(machine: Machine, sample: Sample, skew = DEFAULT_SKEW): Answers {
  const curve = zipfCurve(sample.population, skew);
  return {
    evaluate: modelEvaluate({ ...machine, curve }, machine.compressors),
    policies: [LRU_POLICY],
    assumption: curve.assumption,
    notTried: [
      'policies other than LRU, the shrinker, and writeback=0, which need references: --trace',
    ],
  };
}

async function replayAnswers(machine: Machine, sample: Sample, read: ReadTrace): Promise<Answers> {
  const { trace, format, path } = read;
  const pages = sample.bytes;
  const without =
    format.traffic === 'swap' ? '; they were recorded at a swap device, so none is to RAM' : '';
  return {
    evaluate: await replayEvaluate(read, { ...machine, policies: ENGINE_POLICIES, pages }),
    policies: ENGINE_POLICIES,
    assumption:
      `the ${trace.referenceCount} references of ${path} (${format.name})${without}, run by the ` +
      'engine in a simulated machine; gained is what the pool held at its fullest, less its size',
    notTried: ['writeback=0, --zswap.max, and policies that the engine does not have'],
  };
}

async function search(
  options: OptionValues<typeof OPTIONS>,
  paths: readonly string[],
): Promise<TuneReport> {
  const specs = chosenCompressors(options);
  const source = openPages(options, paths);
  const read =
    options.trace === undefined ? undefined : await readTrace(openTraceFile(options.trace), {});
  const sample = readSample(source, options);
  const workingPages = read?.trace.objectCount ?? sample.population;
  const workingBytes = workingPages * PAGE_SIZE;
  const ramBytes = options.ram ?? Math.max(1, Math.ceil(workingPages / 2)) * PAGE_SIZE;
  const sizes = poolSizes(options, ramBytes);
  const isTimed = options.sample === undefined;
  const compressors = await estimateAll(specs, sample, { isTimed });
  const deviceUs = options['device-us'] ?? DEFAULT_DEVICE_US;
  const goal = {
    ramBytes,
    workingBytes,
    aim: options.aim ?? DEFAULT_AIM,
    latencyBoundUs: options['latency-us'] ?? DEFAULT_LATENCY_US,
  };
  const machine: Machine = { ramBytes, deviceUs, poolSizes: sizes, compressors };
  const answers =
    read === undefined
      ? modelAnswers(machine, sample, options.skew)
      : await replayAnswers(machine, sample, read);
  const { evaluate, policies, assumption } = answers;
  const tuned = tune({ compressors, poolSizes: sizes, policies, evaluate, ...goal });
  const compressor = compressors[0]?.compressor ?? '';
  return {
    ...tuned,
    ...goal,
    source: source.name,
    deviceUs,
    assumption,
    without: evaluate({ compressor, poolBytes: 0, policy: policies[0] ?? LRU_POLICY }),
    notTried: [...answers.notTried, ...neverTried(compressors)],
  };
}

function neverTried(compressors: readonly CompressorEstimate[]): readonly string[] {
  const names = compressors.map(({ compressor }) => compressor).join(', ');
  return [
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
