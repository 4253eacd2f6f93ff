/**
 * `zswapd estimate`: what zswap would make of the pages of a process, of files or of a dump. The
 * pages are read into memory of this process and nowhere else.
 */
import { openCodec } from '../../codec/registry.ts';
import { type CompressorEstimate, estimateCompressor, zeroShare } from '../../estimate/estimate.ts';
import type { EstimateClock } from '../../estimate/measure.ts';
import { recommend } from '../../estimate/recommend.ts';
import { estimateJson } from '../../estimate/report/json.ts';
import type { EstimateReport } from '../../estimate/report/report.ts';
import { formatEstimate } from '../../estimate/report/text.ts';
import { drawSample, type Sample } from '../../estimate/sample.ts';
import type { PageSource } from '../../estimate/source/page-source.ts';
import { ZswapError } from '../../std/error.ts';
import { EXIT_OK, type Command } from '../command.ts';
import { parseArguments, renderHelp, resolveOptions } from '../options/args.ts';
import type { HelpSpec, OptionTable, OptionValues } from '../options/args.ts';
import {
  chosenCompressors,
  DEFAULT_SAMPLE_PAGES,
  defaultPool,
  openPages,
  PAGE_OPTIONS,
  PAGE_POSITIONAL,
  parsePoolSize,
} from '../options/page-options.ts';
import { VERSION } from '../version.ts';

/** All compressors together take about this long, where the size of the sample is left to us. */
const BUDGET_MS = 7000;
/** What takes longer than this tells how far it is. */
const QUIET_MS = 2000;

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

/** The clocks of this process. */
export const PROCESS_CLOCK: EstimateClock = {
  cpuUs: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  wallMs: () => performance.now(),
};

/** Reads a sample of a source's pages and closes it. */
export function readSample(
  source: PageSource,
  options: { readonly sample?: number; readonly seed?: number },
): Sample {
  const { sample: pages = DEFAULT_SAMPLE_PAGES, seed } = options;
  try {
    const sample = drawSample(source, seed === undefined ? { pages } : { pages, seed });
    if (sample.pages > 0) return sample;
    throw new ZswapError('ZSWAP_PAGES', `no page of ${source.name} could be read: it has ended`);
  } finally {
    source.close();
  }
}

/**
 * Estimates each compressor in turn. Within a budget the time that is left is shared among those
 * that are left; a compressor that runs out of it is known from a part of the sample.
 */
export async function estimateAll(
  specs: readonly string[],
  sample: Sample,
  budgetMs: number,
): Promise<readonly CompressorEstimate[]> {
  const start = PROCESS_CLOCK.wallMs();
  const estimates: CompressorEstimate[] = [];
  for (const [index, spec] of specs.entries()) {
    const codec = await openCodec(spec);
    const now = PROCESS_CLOCK.wallMs();
    if (now - start > QUIET_MS) {
      process.stderr.write(`zswapd: ${codec.spec}, ${index + 1} of ${specs.length}\n`);
    }
    const left = Math.max(0, start + budgetMs - now);
    const deadline = now + left / (specs.length - index);
    estimates.push(estimateCompressor(codec, sample, PROCESS_CLOCK, deadline));
  }
  return estimates;
}

async function estimate(
  options: OptionValues<typeof OPTIONS>,
  paths: readonly string[],
): Promise<EstimateReport> {
  const specs = chosenCompressors(options);
  const source = openPages(options, paths);
  const sample = readSample(source, options);
  const budget = options.sample === undefined ? BUDGET_MS : Infinity;
  const compressors = await estimateAll(specs, sample, budget);
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
    notes: [...source.notes, ...lost],
  };
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
