// Goal: an interval of 95 % holds the truth about as often as it says, for pages that are alike in
// runs. Method: many samples of known populations, by fixed seeds, so the count is always the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  clusterMean,
  ratioInterval,
  type RunValues,
  shareInterval,
} from '../../../src/estimate/statistics.ts';
import { present } from '../../../src/std/assert.ts';
import { Prng } from '../../../src/std/prng.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';

const RUN_PAGES = 16;
const RUNS = 2000;
const DRAWS = 300;

/** Lengths of pages in runs: a run is of one kind, and its pages differ a little. */
function population(prng: Prng): Float64Array[] {
  return Array.from({ length: RUNS }, () => {
    const middle = prng.chance(1, 12) ? PAGE_SIZE : 400 + prng.below(1800);
    return Float64Array.from({ length: RUN_PAGES }, () =>
      middle === PAGE_SIZE ? PAGE_SIZE : middle + prng.below(300),
    );
  });
}

function draw(
  runs: readonly Float64Array[],
  count: number,
  prng: Prng,
  valueOf: (length: number) => number,
): RunValues {
  const sums = new Float64Array(count);
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(prng.below(runs.length));
  [...chosen].forEach((run, at) => {
    sums[at] = present(runs[run]).reduce((sum, length) => sum + valueOf(length), 0);
  });
  const counts = new Float64Array(count).fill(RUN_PAGES);
  return { sums, counts, drawn: count / runs.length };
}

const isRaw = (length: number): number => Number(length === PAGE_SIZE);
const asIs = (length: number): number => length;

describe('an interval from a sample of runs', () => {
  const prng = new Prng(7);
  const runs = population(prng);
  const all = runs.flatMap((run) => [...run]);
  const trueShare = all.reduce((sum, length) => sum + isRaw(length), 0) / all.length;
  const trueRatio = PAGE_SIZE / (all.reduce((sum, length) => sum + length, 0) / all.length);

  // The more seldom a long page, the more runs it takes until the normal distribution is right.
  for (const [count, least] of [
    [40, 0.85],
    [200, 0.92],
    [1000, 0.92],
  ] as const) {
    it(`holds the truth in ${100 * least} % of the samples of ${count} runs, or more`, () => {
      let shares = 0;
      let ratios = 0;
      for (let time = 0; time < DRAWS; time++) {
        const [low, high] = shareInterval(draw(runs, count, prng, isRaw));
        if (low <= trueShare && trueShare <= high) shares++;
        const [thin, dense] = ratioInterval(draw(runs, count, prng, asIs));
        if (thin <= trueRatio && trueRatio <= dense) ratios++;
      }
      assert.ok(shares >= least * DRAWS, `${shares} of ${DRAWS} shares`);
      assert.ok(ratios >= least * DRAWS, `${ratios} of ${DRAWS} ratios`);
    });
  }

  it('narrows with the sample, and is a point where all was drawn', () => {
    const width = ([low, high]: readonly [number, number]): number => high - low;
    const few = shareInterval(draw(runs, 50, prng, isRaw));
    const many = shareInterval(draw(runs, 1500, prng, isRaw));
    assert.ok(width(many) < width(few) / 3);
    const whole = draw(runs, RUNS, prng, isRaw);
    assert.deepEqual(shareInterval(whole), [trueShare, trueShare]);
    assert.equal(clusterMean(whole).error, 0);
  });

  it('does not promise that what was not seen is not there', () => {
    const sums = new Float64Array(100);
    const counts = new Float64Array(100).fill(RUN_PAGES);
    const [low, high] = shareInterval({ sums, counts, drawn: 0.1 });
    assert.equal(low, 0);
    assert.ok(high > 0.02 && high < 0.06, String(high));
  });
});
