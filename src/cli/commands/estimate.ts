/**
 * `zswapd estimate`: what zswap would make of the pages of a process, of files or of a dump. The
 * pages are read into memory of this process and nowhere else.
 */
import { type CompressorEstimate, zeroShare } from '../../estimate/estimate.ts';
import { recommend } from '../../estimate/recommend.ts';
import { estimateJson } from '../../estimate/report/json.ts';
import type { EstimateReport } from '../../estimate/report/report.ts';
import { formatEstimate } from '../../estimate/report/text.ts';
import { estimateAll, readSample } from '../page-estimates.ts';
import { EXIT_OK, type Command } from '../command.ts';
import { parseArguments, renderHelp, resolveOptions } from '../options/args.ts';
import type { HelpSpec, OptionTable, OptionValues } from '../options/args.ts';
import {
  chosenCompressors,
  defaultPool,
  openPages,
  PAGE_OPTIONS,
  PAGE_POSITIONAL,
  parsePoolSize,
} from '../options/page-options.ts';
import { VERSION } from '../version.ts';

const OPTIONS = {
  ...PAGE_OPTIONS,
  'pool-size': {
    kind: 'value',
    value: 'SIZE',
    parse: parsePoolSize,
    preset: '20 % of RAM, as serve has it',
    help: 'tell what a pool of SIZE gains',
  },
  json: { kind: 'switch', help: 'print JSON' },
} as const satisfies OptionTable;

const HELP: HelpSpec = {
  name: 'estimate',
  description: [
    'Say what zswap would make of the pages of a running process (--pid), of files, of core ' +
      "dumps (ELF, also QEMU's dump-guest-memory), or of all files in a folder.",
    'For each compressor: how small the pages become, how large the pool would be, what a page ' +
      'costs both ways; and which to take. Pages stay in the memory of this process.',
  ],
  options: OPTIONS,
  positional: PAGE_POSITIONAL,
};

async function estimate(
  options: OptionValues<typeof OPTIONS>,
  paths: readonly string[],
): Promise<EstimateReport> {
  const specs = chosenCompressors(options);
  const source = openPages(options, paths);
  const sample = readSample(source, options);
  const isTimed = options.sample === undefined;
  const compressors = await estimateAll(specs, sample, { isTimed });
  const preset = defaultPool();
  const poolBytes = options['pool-size'] ?? preset.bytes;
  const gone = source.pages - sample.population;
  const lost =
    gone > 0 ? [`about ${gone} pages held no memory of their own, or went meanwhile`] : [];
  return {
    source: source.name,
    pages: sample.population,
    sampledPages: sample.pages,
    seed: sample.isWhole ? undefined : options.seed,
    zeroShare: zeroShare(sample),
    poolBytes,
    poolOrigin: options['pool-size'] === undefined ? preset.origin : undefined,
    compressors,
    recommendation: recommend(compressors, poolBytes),
    notes: [...source.notes, ...lost, ...cutShort(compressors, sample.pages)],
  };
}

/** Which compressors were known from a part of the sample, because time ran out. */
function cutShort(compressors: readonly CompressorEstimate[], pages: number): readonly string[] {
  const short = compressors.filter(({ sampledPages }) => sampledPages < pages);
  if (short.length === 0) return [];
  const list = short.map(({ compressor, sampledPages }) => `${compressor} (${sampledPages})`);
  return [
    `to end in time, fewer pages of the sample were compressed by ${list.join(', ')}; ` +
      '--sample takes the time it needs',
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
    const report = await estimate(options, positionals);
    const isJson = options.json === true;
    out(
      isJson ? `${JSON.stringify(estimateJson(report), undefined, 2)}\n` : formatEstimate(report),
    );
    return EXIT_OK;
  },
};
