/**
 * Hit curves: the share of references that an LRU cache of some size would have. LRU caches nest,
 * so one curve serves every division of memory into frames and pool.
 */
import { assert, present } from '../../std/assert.ts';

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

/**
 * The curve of recorded references, exactly: how many different pages were referenced since the
 * last reference of the same page (Mattson's stack distance). First references are left out: memory
 * that was never swapped out does not fault from a pool or device.
 *
 * @see Mattson, Gecsei, Slutz and Traiger, "Evaluation techniques for storage hierarchies", 1970
 */
export function recordedCurve(pages: readonly string[] | Uint32Array): HitCurve {
  const counts = stackDistances(pages);
  const repeats = counts.reduce((sum, count) => sum + count, 0);
  const within = new Float64Array(counts.length + 1);
  counts.forEach((count, distance) => {
    within[distance + 1] = present(within[distance]) + count;
  });
  return {
    workingPages: counts.length,
    assumption: `the ${pages.length} recorded references, and LRU throughout`,
    shareWithin: (cachePages) => {
      if (repeats === 0 || cachePages >= counts.length) return 1;
      return present(within[Math.max(0, Math.floor(cachePages))]) / repeats;
    },
  };
}

/**
 * By distance, how often a page was referenced with that many different others since its last
 * reference; as long as there are different pages.
 */
export function stackDistances(pages: readonly string[] | Uint32Array): Uint32Array {
  const last = new Map<string | number, number>();
  // A Fenwick tree over time: 1 where a page was referenced last.
  const tree = new Uint32Array(pages.length + 1);
  const add = (time: number, value: number): void => {
    for (let at = time + 1; at < tree.length; at += at & -at) tree[at] = present(tree[at]) + value;
  };
  const before = (time: number): number => {
    let sum = 0;
    for (let at = time; at > 0; at -= at & -at) sum += present(tree[at]);
    return sum;
  };
  const distances = new Map<number, number>();
  for (let time = 0; time < pages.length; time++) {
    const page = present(pages[time]);
    const previous = last.get(page);
    if (previous !== undefined) {
      const distance = before(time) - before(previous + 1);
      distances.set(distance, (distances.get(distance) ?? 0) + 1);
      add(previous, -1);
    }
    add(time, 1);
    last.set(page, time);
  }
  const counts = new Uint32Array(last.size);
  for (const [distance, count] of distances) counts[distance] = count;
  return counts;
}
