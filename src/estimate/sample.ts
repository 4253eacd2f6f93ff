/**
 * Which pages of a source are looked at, and the pages themselves. Memory is alike in runs, so
 * runs of pages are drawn and not single pages: that reads faster, and says honestly how much two
 * neighbours tell (as much as one page does, where they are alike).
 *
 * The order is such that any first part of the sample is spread over the whole source as well, so
 * that a compressor that is slow may stop early.
 */
import { isZeroFilled } from '../page/page.ts';
import { assert, present } from '../std/assert.ts';
import { Prng } from '../std/prng.ts';
import { divCeil, PAGE_SIZE } from '../std/units.ts';
import { isSameFilled } from './same-filled.ts';

/** Pages of a run: 64 KiB. */
export const RUN_PAGES = 16;

/** What a sample is drawn from. */
export interface SampledSource {
  readonly pages: number;
  read(first: number, count: number, target: Uint8Array, present: Uint8Array): void;
}

/** What a page holds, as far as it matters before it is compressed. */
export const DATA_PAGE = 0;
export const SAME_FILLED_PAGE = 1;
export const ZERO_PAGE = 2;

/** The pages that were read, in the order of the sample. */
export interface Sample {
  /** Pages that were to be read and are there, back to back. */
  readonly bytes: Uint8Array;
  readonly pages: number;
  /** By page: {@link DATA_PAGE}, {@link SAME_FILLED_PAGE}, {@link ZERO_PAGE}. */
  readonly kinds: Uint8Array;
  /** Page at which each run begins, and the end: one more element than there are runs. */
  readonly runStarts: Uint32Array;
  /** Pages that the source holds, as far as the sample tells: fewer than it said if some went. */
  readonly population: number;
  /** Whether every page of the source was read. */
  readonly isWhole: boolean;
}

/**
 * Draws and reads a sample.
 *
 * @param options.pages - pages wanted; all of the source if it has no more
 * @param options.seed - draws runs at random by this seed; without it they are spread evenly
 */
export function drawSample(
  source: SampledSource,
  options: { readonly pages: number; readonly seed?: number },
): Sample {
  assert(source.pages > 0 && options.pages > 0);
  const runCount = divCeil(source.pages, RUN_PAGES);
  const wanted = Math.min(runCount, divCeil(options.pages, RUN_PAGES));
  const runs = chooseRuns(runCount, wanted, options.seed);
  const bytes = new Uint8Array(Math.min(wanted * RUN_PAGES, source.pages) * PAGE_SIZE);
  const runStarts = new Uint32Array(wanted + 1);
  const readable = new Uint8Array(RUN_PAGES);
  let pages = 0;
  let asked = 0;
  runs.forEach((run, index) => {
    const first = run * RUN_PAGES;
    const count = Math.min(RUN_PAGES, source.pages - first);
    const at = pages * PAGE_SIZE;
    source.read(first, count, bytes.subarray(at, at + count * PAGE_SIZE), readable);
    asked += count;
    pages += closeGaps(bytes, pages, count, readable);
    runStarts[index + 1] = pages;
  });
  const population = Math.round((source.pages * pages) / asked);
  const kinds = kindsOf(bytes, pages);
  return { bytes, pages, kinds, runStarts, population, isWhole: asked === source.pages };
}

/** Moves the pages that could be read together; returns how many they are. */
function closeGaps(bytes: Uint8Array, first: number, count: number, readable: Uint8Array): number {
  let kept = 0;
  for (let page = 0; page < count; page++) {
    if (readable[page] !== 1) continue;
    const from = (first + page) * PAGE_SIZE;
    if (kept < page) bytes.copyWithin((first + kept) * PAGE_SIZE, from, from + PAGE_SIZE);
    kept++;
  }
  return kept;
}

function kindsOf(bytes: Uint8Array, pages: number): Uint8Array {
  const kinds = new Uint8Array(pages);
  for (let page = 0; page < pages; page++) {
    const content = bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    if (isZeroFilled(content)) kinds[page] = ZERO_PAGE;
    else if (isSameFilled(content)) kinds[page] = SAME_FILLED_PAGE;
  }
  return kinds;
}

/** `wanted` different runs of `0 .. runCount - 1`, in the order in which they are looked at. */
export function chooseRuns(runCount: number, wanted: number, seed?: number): readonly number[] {
  if (seed === undefined) {
    return spreadOrder(wanted).map((place) => Math.floor(((place + 0.5) * runCount) / wanted));
  }
  // Fisher and Yates, with only the exchanged places kept.
  const prng = new Prng(seed);
  const moved = new Map<number, number>();
  return Array.from({ length: wanted }, (_, index) => {
    const other = index + prng.below(runCount - index);
    const chosen = moved.get(other) ?? other;
    moved.set(other, moved.get(index) ?? index);
    return chosen;
  });
}

/** `0 .. count - 1` in bit-reversed order: every first part is spread over the whole. */
function spreadOrder(count: number): number[] {
  const bits = Math.ceil(Math.log2(Math.max(2, count)));
  const order: number[] = [];
  for (let index = 0; index < 1 << bits; index++) {
    let place = 0;
    for (let bit = 0; bit < bits; bit++) place |= ((index >> bit) & 1) << (bits - 1 - bit);
    if (place < count) order.push(place);
  }
  return order;
}

/** The first run of a sample that does not begin before `pages`, for a part of it. */
export function runsWithin(sample: Sample, pages: number): number {
  let runs = 0;
  while (runs + 1 < sample.runStarts.length && present(sample.runStarts[runs + 1]) <= pages) runs++;
  return runs;
}
