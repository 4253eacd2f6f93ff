/**
 * Which compressor to take, in words, with the figures that say so.
 *
 * The rule: begin with the cheapest, and go to a denser one as long as the pool then holds a tenth
 * more pages and a load takes at most five microseconds longer. The reason is the price of what
 * does not fit: a fault that must go to an SSD takes about a hundred microseconds, so each tenth
 * more that the pool holds may cost about a twentieth of that.
 */
import { formatSize } from '../std/size.ts';
import { GIB, MIB, PAGE_SIZE } from '../std/units.ts';
import type { CompressorEstimate } from './estimate.ts';
import { heldBytes, memoryGained } from './gain.ts';

/** More pages in the same pool that make a denser compressor worth its time. */
const DENSER_BY = 1.1;
/** Microseconds a load may take longer for it. */
const LOAD_US_MORE = 5;
/** Microseconds a store may take longer for it: reclaim waits for it, and processors are paid. */
const STORE_US_MORE = 50;
/** Share of incompressible pages from which a pool is mostly full of what it cannot help. */
const INCOMPRESSIBLE_MANY = 0.3;
/** Least memory gained, over the pool's size, for which zswap is worth having. */
const GAIN_LEAST = 0.3;

/** Advice, and the command that follows it. */
export interface Recommendation {
  /** Undefined if no compressor gains anything worth having. */
  readonly compressor: string | undefined;
  /** Sentences. */
  readonly reasons: readonly string[];
  /** The command to run next, as words of `zswapd`. */
  readonly command: readonly string[];
}

/** Chooses among what has been estimated; `estimates` is not empty. */
export function recommend(
  estimates: readonly CompressorEstimate[],
  poolBytes: number,
): Recommendation {
  const byCost = estimates.toSorted((a, b) => cost(a) - cost(b));
  const [fastest] = byCost;
  if (fastest === undefined || fastest.poolBytesPerPage === 0) {
    const reason = 'All of these pages are zero pages: they take no room with any compressor.';
    return { compressor: undefined, reasons: [reason], command: ['compressors'] };
  }
  let best = fastest;
  for (const candidate of byCost) if (isWorth(candidate, best)) best = candidate;
  if (memoryGained(best, poolBytes) < GAIN_LEAST * poolBytes) {
    return { compressor: undefined, ...advisedAgainst(best, poolBytes) };
  }
  const reasons = [gainReason(best, poolBytes), costReason(best, fastest, poolBytes)];
  const share = best.incompressiblePages / best.pages;
  if (share >= INCOMPRESSIBLE_MANY) {
    reasons.push(
      `${percent(share)} of the pages do not compress and take a whole page of the pool each: ` +
        'with --spill the coldest of them go to a device.',
    );
  }
  return { compressor: best.compressor, reasons, command: serveCommand(best, poolBytes) };
}

function cost({ compressUs, decompressUs }: CompressorEstimate): number {
  return compressUs + decompressUs;
}

function isWorth(candidate: CompressorEstimate, best: CompressorEstimate): boolean {
  return (
    candidate.poolBytesPerPage * DENSER_BY <= best.poolBytesPerPage &&
    candidate.decompressUs <= best.decompressUs + LOAD_US_MORE &&
    candidate.compressUs <= best.compressUs + STORE_US_MORE
  );
}

function gainReason(best: CompressorEstimate, poolBytes: number): string {
  const held = roughSize(heldBytes(best, poolBytes));
  const gained = roughSize(memoryGained(best, poolBytes));
  // Who asks about one small process is told of a machine's pool, so both sizes are named.
  const own = (best.pages - best.zeroPages) * best.poolBytesPerPage;
  const share = own < poolBytes ? ` The pages here would take ${roughSize(own)} of it.` : '';
  return (
    `Use ${best.compressor}: a pool of ${roughSize(poolBytes)} holds ${held} of such pages, ` +
    `which gains ${gained}.${share}`
  );
}

function costReason(
  best: CompressorEstimate,
  fastest: CompressorEstimate,
  poolBytes: number,
): string {
  const { compressUs, decompressUs } = best;
  const own =
    `A page costs ${microseconds(compressUs)} us to store and ` +
    `${microseconds(decompressUs)} us to load`;
  if (best === fastest) {
    return `${own}, the least of all; nothing denser gains a tenth more at a fair price.`;
  }
  const more = best.decompressUs - fastest.decompressUs;
  const held = roughSize(heldBytes(fastest, poolBytes));
  return (
    `${own}. With ${fastest.compressor}, the cheapest, the pool would hold ${held}; a load would ` +
    `be ${microseconds(more)} us shorter, where one from an SSD takes about 100 us.`
  );
}

function advisedAgainst(
  best: CompressorEstimate,
  poolBytes: number,
): { readonly reasons: readonly string[]; readonly command: readonly string[] } {
  const gained = roughSize(Math.max(0, memoryGained(best, poolBytes)));
  return {
    reasons: [
      `Compression is not worth its time here: the best, ${best.compressor}, gains ${gained} by ` +
        `a pool of ${roughSize(poolBytes)}.`,
      'More RAM or a swap device alone does more for such pages.',
    ],
    command: ['compressors'],
  };
}

/** An export that is as large as what the pool holds, in whole GiB if it has one. */
function serveCommand(best: CompressorEstimate, poolBytes: number): readonly string[] {
  const held = heldBytes(best, poolBytes);
  const unit = held >= GIB ? GIB : MIB;
  const size = formatSize(Math.max(1, Math.floor(held / unit)) * unit);
  const pool = formatSize(Math.max(1, Math.floor(poolBytes / MIB)) * MIB);
  const options = ['--compressor', best.compressor, '--pool-size', pool, '--export'];
  return ['serve', ...options, `swap:${size}`];
}

/** A size in three digits or so: `341M`, `4.8G`. */
export function roughSize(bytes: number): string {
  const units = ['', 'K', 'M', 'G', 'T'];
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${bytes < 0 ? '-' : ''}${value.toFixed(digits)}${units[unit] ?? ''}`;
}

/** A share as a percentage with one digit. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Microseconds with a digit where it tells something. */
export function microseconds(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

/** Pages of a size, in words of a size. */
export function pagesSize(pages: number): string {
  return roughSize(pages * PAGE_SIZE);
}
