/** Estimates of a source's pages by this process, with its clocks, for commands. */
import { openCodec } from '../codec/registry.ts';
import { type CompressorEstimate, estimateCompressor } from '../estimate/estimate.ts';
import type { EstimateClock } from '../estimate/measure.ts';
import { drawSample, type Sample } from '../estimate/sample.ts';
import type { PageSource } from '../estimate/source/page-source.ts';
import { ZswapError } from '../std/error.ts';
import { DEFAULT_SAMPLE_PAGES } from './options/page-options.ts';

/** All compressors together take about this long, where the size of the sample is left to us. */
const BUDGET_MS = 7000;
/** Pages that each compressor sees, be the machine as busy as it may. */
const PAGES_LEAST = 2048;
/** What takes longer than this tells how far it is. */
const QUIET_MS = 2000;

/** The clocks of this process. */
const PROCESS_CLOCK: EstimateClock = {
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
 * Estimates each compressor in turn. With `isTimed`, where the size of the sample was left to us,
 * the time that is left is shared among the compressors that are, and one that runs out of it is
 * known from a part of the sample.
 */
export async function estimateAll(
  specs: readonly string[],
  sample: Sample,
  { isTimed = false }: { readonly isTimed?: boolean } = {},
): Promise<readonly CompressorEstimate[]> {
  const start = PROCESS_CLOCK.wallMs();
  const budgetMs = isTimed ? BUDGET_MS : Infinity;
  const estimates: CompressorEstimate[] = [];
  for (const [index, spec] of specs.entries()) {
    const codec = await openCodec(spec);
    const now = PROCESS_CLOCK.wallMs();
    if (now - start > QUIET_MS) {
      process.stderr.write(`zswapd: ${codec.spec}, ${index + 1} of ${specs.length}\n`);
    }
    const left = Math.max(0, start + budgetMs - now);
    const deadlineMs = now + left / (specs.length - index);
    const timing = { clock: PROCESS_CLOCK, deadlineMs, pagesLeast: PAGES_LEAST };
    estimates.push(estimateCompressor(codec, sample, timing));
  }
  return estimates;
}
