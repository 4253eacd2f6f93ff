/**
 * Holds the predictions of `zswapd estimate` against this machine's own kernel: the same pages go
 * through its zswap and zram and through the estimate, for each compressor that the kernel has.
 * Needs root and a kernel with zram or zswap; says so and ends with status 0 where it can do
 * nothing. Exit status 1: a prediction is off by more than it may be.
 *
 *   npm run oracle -- [FILE…]     other pages than the sample's, beside those of processes
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { estimateAll } from '../src/cli/page-estimates.ts';
import { compare, type Comparison, difference, isNear, type KernelPool } from './oracle/compare.ts';
import { type Corpus, fileCorpus, processCorpora } from './oracle/corpus.ts';

/** Exit status of the script that says it cannot run here. */
const CANNOT_RUN = 77;
const SKIP = 'oracle: SKIPPED, nothing was checked:';

const root = fileURLToPath(new URL('../../', import.meta.url));
const samplePages = join(root, '../shared/pages/sample-pages.bin');

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What the kernel makes of a file of pages; undefined where it cannot be asked. */
function askKernel(file: string): readonly KernelPool[] | undefined {
  const script = join(root, 'test/e2e/kernel-pool.sh');
  const asked = spawnSync('bash', [script, file], { encoding: 'utf8' });
  if (asked.status === CANNOT_RUN) {
    tell(`${SKIP} ${asked.stdout.trim()}`);
    return undefined;
  }
  if (asked.status !== 0) throw new Error(`${asked.stdout}${asked.stderr}`);
  const lines = asked.stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as KernelPool);
}

/** Prints what was predicted of a corpus beside what the kernel did; whether all was near. */
async function check(corpus: Corpus): Promise<boolean | undefined> {
  const pools = askKernel(corpus.file);
  if (pools === undefined) return undefined;
  const specs = [...new Set(pools.map(({ compressor }) => compressor))];
  const estimates = await estimateAll(specs, corpus.sample);
  process.stdout.write(`\n${corpus.name}: ${corpus.sample.pages} pages\n`);
  let isGood = true;
  for (const pool of pools) {
    const estimate = estimates.find(({ compressor }) => compressor === pool.compressor);
    if (estimate === undefined) continue;
    for (const figure of compare(estimate, pool)) {
      isGood &&= isNear(figure);
      process.stdout.write(formatFigure(`${pool.kernel} ${pool.compressor}`, figure));
    }
  }
  return isGood;
}

function formatFigure(where: string, figure: Comparison): string {
  const off = `${(100 * difference(figure)).toFixed(2)} %`;
  const cells = [
    where.padEnd(14),
    figure.what.padEnd(20),
    String(figure.predicted).padStart(12),
    String(figure.kernel).padStart(12),
    off.padStart(9),
    isNear(figure) ? '' : '  TOO FAR',
  ];
  return `  ${cells.join(' ').trimEnd()}\n`;
}

async function main(): Promise<number> {
  if (process.getuid?.() !== 0) {
    tell(`${SKIP} needs root`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'zswapd-oracle-'));
  try {
    const given = process.argv.slice(2);
    const paths = given.length > 0 ? given : [samplePages].filter(existsSync);
    if (paths.length === 0) tell('oracle: SKIPPED the sample: no ../shared/pages here');
    const corpora = paths.map((path) => fileCorpus(path, folder));
    process.stdout.write('figure, predicted, the kernel’s, difference\n');
    let isGood = true;
    for (const corpus of [...corpora, ...(await processCorpora(folder, tell))]) {
      const near = await check(corpus);
      if (near === undefined) return 0;
      isGood &&= near;
    }
    process.stdout.write(`\noracle: ${isGood ? 'all near' : 'predictions are TOO FAR OFF'}\n`);
    return isGood ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
