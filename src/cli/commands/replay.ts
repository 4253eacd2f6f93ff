/**
 * `zswapd replay`: what zswap, and caches with other policies, would do with a trace. Exit status
 * 0: done; 1: the trace cannot be read, or a report cannot be written; 2: a wrong command line.
 */
import { writeFileSync } from 'node:fs';
import { setImmediate as pause } from 'node:timers/promises';
import { DEFAULT_COMPRESSOR, openCodec, parseCompressor } from '../../codec/registry.ts';
import { ZswapError } from '../../std/error.ts';
import { DEVICES, DEVICE_FORM, parseDevice } from '../../trace/machine/device-model.ts';
import { builtInProfile, measureProfile, type PageProfile } from '../../trace/machine/profile.ts';
import { TRACE_FORMATS, formatNamed } from '../../trace/formats/index.ts';
import type { TraceUnit } from '../../trace/format.ts';
import { openTraceFile } from '../../trace/input/trace-file.ts';
import { readPages } from '../../trace/input/pages-file.ts';
import {
  MEMORY_SIZE_FORM,
  REPLAY_POLICIES,
  defaultsOf,
  parseMemorySize,
  type ReplayPlan,
  type ReplayPolicy,
} from '../../trace/plan.ts';
import { readTrace, type ReadTrace } from '../../trace/read-trace.ts';
import { runReplay } from '../../trace/replay.ts';
import { formatHtml } from '../../trace/report/html.ts';
import { resultsOf, type ReplayResult } from '../../trace/report/results.ts';
import { formatCsv, formatText } from '../../trace/report/text.ts';
import { COLUMNS_FORM, parseColumns } from '../../trace/text/columns.ts';
import { EXIT_OK, type Command, type CommandStreams } from '../command.ts';
import {
  UsageError,
  parseArguments,
  renderHelp,
  resolveOptions,
  type HelpSpec,
  type OptionTable,
  type OptionValues,
} from '../options/args.ts';
import { parsePath, parsePercent, parseSize, parseSwitch, parseZpool } from '../options/values.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';

const DEFAULT_DEVICE = 'nvme';

const OPTIONS = {
  format: {
    kind: 'value',
    value: 'NAME',
    help: 'format of the trace; --list-formats shows them',
    preset: 'recognized',
    parse: (text: string): string => formatNamed(text).name,
  },
  columns: {
    kind: 'value',
    value: 'MAP',
    help: `which column is what: ${COLUMNS_FORM}`,
    preset: "the names in the trace's first line",
    parse: parseColumns,
  },
  unit: {
    kind: 'value',
    value: 'object|page',
    help: 'what a reference is to: the object, or each 4 KiB page of its range',
    preset: "the format's",
    parse: parseUnit,
  },
  policy: {
    kind: 'value',
    value: 'LIST',
    help: `what to compare: ${REPLAY_POLICIES.join(', ')}; the first two run the engine`,
    preset: 'all of them',
    parse: listOf(parsePolicy),
  },
  'pool-size': {
    kind: 'value',
    value: 'LIST',
    help:
      "sizes of the pool, and of caches of whole pages; a share is of the trace's footprint: " +
      MEMORY_SIZE_FORM,
    preset: '5%,10%,20%,40%',
    parse: listOf(parseMemorySize),
  },
  compressor: {
    kind: 'value',
    value: 'LIST',
    help: "compressors of the engine; 'zswapd compressors' lists them",
    preset: DEFAULT_COMPRESSOR,
    parse: listOf(parseKnownCompressor),
  },
  frames: {
    kind: 'value',
    value: 'SIZE',
    help: `memory for pages that are not compressed, above the pool: ${MEMORY_SIZE_FORM}`,
    preset: '25%',
    parse: parseMemorySize,
  },
  profile: {
    kind: 'value',
    value: 'FILE',
    help: 'take how well pages compress from this file of pages, such as a memory dump',
    preset: 'pages of common programs',
    parse: parsePath,
  },
  device: {
    kind: 'value',
    value: 'NAME',
    excludes: 'no-device',
    help: `how long the swap device takes: ${DEVICE_FORM}`,
    preset: DEFAULT_DEVICE,
    parse: parseDevice,
  },
  'no-device': { kind: 'switch', excludes: 'device', help: 'no swap device: a full pool refuses' },
  'device-size': {
    kind: 'value',
    value: 'SIZE',
    help: 'room on the swap device',
    preset: 'all pages of the trace',
    parse: parseSize,
  },
  zpool: {
    kind: 'value',
    value: 'NAME',
    help: 'allocator for compressed pages: zsmalloc, zbud, z3fold',
    preset: 'zsmalloc',
    parse: parseZpool,
  },
  'accept-threshold-percent': {
    kind: 'value',
    value: 'N',
    help: 'a full pool accepts pages again below this share of its limit',
    preset: '90',
    parse: parsePercent,
  },
  'shrinker-enabled': {
    kind: 'value',
    value: '0|1',
    help: 'write cold pages back while memory is short',
    preset: '1 with frames, 0 without',
    parse: parseSwitch,
  },
  seed: { kind: 'value', value: 'NUMBER', help: 'of what is drawn', preset: '1', parse: parseSeed },
  limit: {
    kind: 'value',
    value: 'NUMBER',
    help: 'references to read at most',
    preset: 'all',
    parse: parseCount,
  },
  partial: {
    kind: 'switch',
    help: 'take what comes before the first error of the trace, instead of failing',
  },
  json: { kind: 'switch', excludes: 'csv', help: 'print JSON' },
  csv: { kind: 'switch', excludes: 'json', help: 'print CSV' },
  html: {
    kind: 'value',
    value: 'FILE',
    help: 'write a report with plots, in one file that needs no other',
    parse: parsePath,
  },
  'list-formats': { kind: 'switch', help: 'list the formats' },
} as const satisfies OptionTable;

type Options = OptionValues<typeof OPTIONS>;

const HELP: HelpSpec = {
  name: 'replay',
  description: [
    'Replay a trace: what the engine would do with it in a machine with so many page frames, a ' +
      'compressed pool and a swap device, and what caches of whole pages with other policies ' +
      "would, with Belády's optimum as the bound. gzip, xz and zstd are read as they are; - is " +
      'standard input.',
    "A recording of 'zswapd serve --record' is replayed with the settings it was made with; " +
      'options given here win. The same trace, options and seed give the same figures.',
  ],
  options: OPTIONS,
  positional: { text: 'TRACE', count: 0, countMax: 1 },
};

function listOf<T>(parse: (text: string) => T): (text: string) => readonly T[] {
  return (text) => text.split(',').map((part) => parse(part.trim()));
}

function parsePolicy(text: string): ReplayPolicy {
  const name = text.toLowerCase().replaceAll('_', '-');
  const found = REPLAY_POLICIES.find((policy) => policy.replaceAll('_', '-') === name);
  if (found !== undefined) return found;
  throw new RangeError(`'${text}' is not a policy; it takes ${REPLAY_POLICIES.join(', ')}`);
}

function parseKnownCompressor(text: string): string {
  try {
    parseCompressor(text);
  } catch (error) {
    if (!(error instanceof ZswapError)) throw error;
    throw new RangeError(error.message, { cause: error });
  }
  return text;
}

function parseUnit(text: string): TraceUnit {
  if (text === 'object' || text === 'page') return text;
  throw new RangeError(`'${text}' is not a unit; it takes object or page`);
}

function parseCount(text: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new RangeError(`'${text}' is not a count; it takes a whole number, 1 or more`);
}

function parseSeed(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= 0xffff_ffff) return Number(text);
  throw new RangeError(`'${text}' is not a seed; it takes a whole number below 2^32`);
}

function formatList(): string {
  const width = Math.max(...TRACE_FORMATS.map(({ name }) => name.length));
  return TRACE_FORMATS.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}\n`).join('');
}

/** What a replay is asked for: options over the trace's own facts over the defaults. */
async function planOf(read: ReadTrace, options: Options): Promise<ReplayPlan> {
  const defaults = defaultsOf(read, DEFAULT_COMPRESSOR);
  const compressors = options.compressor ?? defaults.compressors;
  return {
    policies: options.policy ?? defaults.policies,
    poolSizes: options['pool-size'] ?? defaults.poolSizes,
    compressors,
    frames: options.frames ?? defaults.frames,
    zpool: options.zpool ?? defaults.zpool,
    acceptThresholdPercent: options['accept-threshold-percent'] ?? defaults.acceptThresholdPercent,
    enabled: defaults.enabled,
    shrinkerEnabled: options['shrinker-enabled'] ?? defaults.shrinkerEnabled,
    device: options['no-device'] === true ? undefined : (options.device ?? DEVICES[DEFAULT_DEVICE]),
    deviceBytes: options['device-size'] ?? defaults.deviceBytes,
    profile: await profileOf(options.profile, compressors),
    recordedCompressor: defaults.recordedCompressor,
    seed: options.seed ?? defaults.seed,
  };
}

async function profileOf(
  path: string | undefined,
  compressors: readonly string[],
): Promise<PageProfile> {
  if (path === undefined) return builtInProfile(compressors);
  const codecs = await Promise.all(compressors.map((spec) => openCodec(spec)));
  const { curves, ...profile } = measureProfile(path, readPages(path), codecs);
  // By the names they were asked for: a codec may know its level by another.
  const named = compressors.map((spec, index) => {
    return [spec, curves.get(codecs[index]?.spec ?? spec) ?? []] as const;
  });
  return { ...profile, curves: new Map(named) };
}

async function replay(path: string, options: Options, streams: CommandStreams): Promise<number> {
  const progress = new Progress();
  const read = await readTrace(openTraceFile(path), {
    format: options.format,
    columns: options.columns,
    unit: options.unit,
    limit: options.limit,
    partial: options.partial,
    onProgress: (references) => progress.update(() => `reading: ${references} references`),
  });
  const plan = await planOf(read, options);
  const done = await runReplay(read, plan, {
    onProgress: ({ run, runs, references }) =>
      progress.update(() => {
        const percent = Math.floor((100 * references) / read.trace.referenceCount);
        return `replaying: run ${run + 1} of ${runs}, ${percent} %`;
      }),
    pause,
  });
  progress.end();
  report(resultsOf(done), options, streams);
  return EXIT_OK;
}

function report(result: ReplayResult, options: Options, { out }: CommandStreams): void {
  if (options.html !== undefined) {
    try {
      writeFileSync(options.html, formatHtml(result, VERSION));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ZswapError('ZSWAP_TRACE', `--html: ${reason}`, { cause: error });
    }
  }
  if (options.json === true) out(`${JSON.stringify(result, undefined, 2)}\n`);
  else if (options.csv === true) out(formatCsv(result));
  else out(formatText(result));
}

export const command: Command = {
  help: HELP,
  run: async (argv, streams) => {
    const { given, positionals, help, version } = parseArguments(OPTIONS, argv, HELP.positional);
    if (help || version) {
      streams.out(help ? renderHelp(HELP) : `${VERSION}\n`);
      return EXIT_OK;
    }
    const options = resolveOptions(OPTIONS, given);
    if (options['list-formats'] === true) {
      streams.out(formatList());
      return EXIT_OK;
    }
    const [path] = positionals;
    if (path === undefined) throw new UsageError('missing argument; it takes TRACE');
    return replay(path, options, streams);
  },
};
