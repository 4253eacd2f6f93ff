/** An estimate for people, in eighty columns. */
import type { CompressorEstimate } from '../estimate.ts';
import { memoryGained } from '../gain.ts';
import { microseconds, pagesSize, percent, roughSize } from '../recommend.ts';
import type { Interval } from '../statistics.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { formatTable, wrapText } from './layout.ts';
import type { EstimateReport } from './report.ts';

/** The whole report, ending with the command to run next. */
export function formatEstimate(report: EstimateReport): string {
  const { compressors, recommendation } = report;
  return [
    ...head(report),
    '',
    ...costTable(report),
    '',
    'Share of pages by what is left of them, in bytes (the last: kept as they are)',
    ...histogramTable(compressors),
    '',
    'Pool for all of these pages (pool_total_size) by allocator; Linux: foreseen for',
    "the kernel's own zswap and zram, which always use zsmalloc",
    ...poolTable(compressors),
    '',
    ...[...recommendation.reasons, ...report.notes.map(asSentence)].flatMap(wrapText),
    '',
    'Next:',
    `  npx zswapd ${recommendation.command.join(' ')}`,
    ...(recommendation.compressor === undefined ? [] : afterwards()),
    '',
  ].join('\n');
}

/** What follows the command: a daemon that nobody swaps onto gains nothing. */
function afterwards(): readonly string[] {
  return wrapText(
    'Then let something swap onto it (README.md, The first swap), and see it work: ' +
      'npx zswapd top in the same folder, or the dashboard at the http address that serve prints.',
  );
}

function head(report: EstimateReport): readonly string[] {
  const { source, pages, sampledPages, seed, compressors } = report;
  const lines = [...wrapText(`${source}: ${pages} pages (${pagesSize(pages)})`)];
  if (sampledPages === pages) {
    lines.push('All of them were looked at.');
  } else {
    const how = seed === undefined ? 'spread evenly' : `drawn at random, seed ${seed}`;
    lines.push(
      ...wrapText(
        `${sampledPages} of them were looked at, in runs of 16 ${how}; the figures are for all. ` +
          'What is in brackets holds in 95 of 100 samples.',
      ),
    );
  }
  const [first] = compressors;
  if (first === undefined) return lines;
  const zero = first.zeroPages / pages;
  const same = (first.sameFilledPages - first.zeroPages) / pages;
  lines.push(
    '',
    `Zero pages    ${percent(zero)}${range(report.zeroShare)}: they take no room`,
    `Same-filled   ${percent(same)} beside them: one word repeated; only zram keeps them free`,
  );
  return lines;
}

function costTable(report: EstimateReport): readonly string[] {
  const { compressors, poolBytes, poolOrigin } = report;
  const isSampled = compressors.some(({ ratioInterval: [low, high] }) => low !== high);
  const gainHead = `${roughSize(poolBytes)} gains`;
  const rows = compressors.map((estimate) => [
    estimate.compressor,
    ...(isSampled ? [] : [percent(1 / estimate.ratio)]),
    decimal(estimate.ratio),
    ...(isSampled ? [bracket(estimate.ratioInterval, decimal)] : []),
    percent(estimate.incompressiblePages / estimate.pages),
    ...(isSampled ? [bracket(estimate.incompressibleShare, share)] : []),
    signedSize(memoryGained(estimate, poolBytes)),
    microseconds(estimate.compressUs),
    microseconds(estimate.decompressUs),
  ]);
  // The share that is left says what the ratio says; there is no room for both beside brackets.
  const [size, gap] = isSampled ? [[], ['']] : [['size'], []];
  const titles = ['compressor', ...size, 'ratio', ...gap, 'raw', ...gap];
  const origin = poolOrigin === undefined ? '' : ` (${poolOrigin})`;
  return [
    ...formatTable([...titles, gainHead, 'us out', 'in'], rows),
    ...wrapText(
      `raw: pages that do not compress. gains: memory that a full pool of ${roughSize(poolBytes)}` +
        `${origin} holds beyond its own size. us: processor time of a page, out of memory and in.`,
    ),
  ];
}

function histogramTable(compressors: readonly CompressorEstimate[]): readonly string[] {
  const titles = [
    'compressor',
    '512',
    '1024',
    '1536',
    '2048',
    '2560',
    '3072',
    '3584',
    '4095',
    'raw',
  ];
  const rows = compressors.map(({ compressor, histogram, pages, zeroPages }) => {
    const stored = Math.max(1, pages - zeroPages);
    return [compressor, ...histogram.map((count) => `${((100 * count) / stored).toFixed(1)}`)];
  });
  return formatTable(titles, rows);
}

function poolTable(compressors: readonly CompressorEstimate[]): readonly string[] {
  const rows = compressors.map(({ compressor, poolBytes, kernel }) => [
    compressor,
    exactSize(poolBytes.zsmalloc),
    exactSize(poolBytes.zbud),
    exactSize(poolBytes.z3fold),
    kernel === undefined ? '-' : exactSize(kernel.zswapPoolBytes),
    kernel === undefined ? '-' : exactSize(kernel.zramMemUsed),
  ]);
  return formatTable(
    ['compressor', 'zsmalloc', 'zbud', 'z3fold', 'Linux zswap', 'Linux zram'],
    rows,
  );
}

function asSentence(note: string): string {
  return `Note: ${note}.`;
}

function decimal(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '-';
}

function share(value: number): string {
  return (value * 100).toFixed(1);
}

function bracket([low, high]: Interval, format: (value: number) => string): string {
  return `[${format(low)} ${format(high)}]`;
}

function range(interval: Interval): string {
  return interval[0] === interval[1] ? '' : ` ${bracket(interval, share)}`;
}

function signedSize(bytes: number): string {
  return `${bytes < 0 ? '' : '+'}${roughSize(bytes)}`;
}

/** Mebibytes with two digits, or kibibytes where that would be none. */
function exactSize(bytes: number): string {
  if (bytes < 1024 * 1024) return `${bytes / 1024}K`;
  return `${(bytes / (PAGE_SIZE * 256)).toFixed(1)}M`;
}
