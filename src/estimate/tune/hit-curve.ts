/**
 * Hit curves: the share of references that an LRU cache of some size would have. LRU caches nest,
 * so one curve serves every division of memory into frames and pool.
 */
import { assert } from '../../std/assert.ts';

/** Share of references, 0..1, that hit in the `pages` most recently used pages; never falls. */
export interface HitCurve {
  readonly shareWithin: (pages: number) => number;
  /** Pages from which on every reference hits. */
  readonly workingPages: number;
  /** What it rests on, in words. */
  readonly assumption: string;
}

/** Groups of pages that are treated as equally popular; they grow by this factor. */
const GROUP_GROWTH = 1.02;
const BISECTIONS = 60;

/**
 * The curve of references that are independent of each other, page number n being referenced in
 * proportion to 1 / n^skew: a few hot pages and a long cold tail.
 *
 * @param skew - 0: all alike; around 0.8 to 1 in most memory traces
 * @see Che, Tung and Wang, "Hierarchical Web Caching Systems", 2002: a page is in a cache of C
 *   pages if it was referenced within the time in which C different ones are
 */
export function zipfCurve(workingPages: number, skew: number): HitCurve {
  assert(workingPages >= 1 && skew >= 0);
  const groups = popularityGroups(Math.floor(workingPages), skew);
  return {
    workingPages,
    assumption:
      `references independent of each other, the n-th page in proportion to 1/n^${skew}, ` +
      'and LRU throughout',
    shareWithin: (pages) => {
      if (pages <= 0) return 0;
      return pages >= workingPages ? 1 : shareAtTime(groups, characteristicTime(groups, pages));
    },
  };
}

interface PageGroup {
  readonly pages: number;
  /** Share of references that go to each page. */
  readonly share: number;
}

function popularityGroups(workingPages: number, skew: number): readonly PageGroup[] {
  const groups: { pages: number; share: number }[] = [];
  let total = 0;
  for (let first = 1; first <= workingPages;) {
    const last = Math.min(workingPages, Math.max(first, Math.floor(first * GROUP_GROWTH)));
    const share = ((first + last) / 2) ** -skew;
    const pages = last - first + 1;
    groups.push({ pages, share });
    total += share * pages;
    first = last + 1;
  }
  return groups.map(({ pages, share }) => ({ pages, share: share / total }));
}

/** References in which `cachePages` different pages are touched. */
function characteristicTime(groups: readonly PageGroup[], cachePages: number): number {
  const touched = (time: number): number =>
    groups.reduce((sum, { pages, share }) => sum - pages * Math.expm1(-share * time), 0);
  let high = 1;
  while (touched(high) < cachePages && high < Number.MAX_SAFE_INTEGER) high *= 2;
  let low = 0;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (touched(middle) < cachePages) low = middle;
    else high = middle;
  }
  return high;
}

function shareAtTime(groups: readonly PageGroup[], time: number): number {
  const share = groups.reduce(
    (sum, group) => sum - group.pages * group.share * Math.expm1(-group.share * time),
    0,
  );
  return Math.min(1, share);
}
