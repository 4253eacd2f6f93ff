import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { zipfCurve } from '../../../../src/estimate/tune/hit-curve.ts';
import { Prng } from '../../../../src/std/prng.ts';

/** Hits of an LRU cache in all references but the first of each page, counted the slow way. */
function lruShare(references: readonly string[], cachePages: number): number {
  const cache: string[] = [];
  const seen = new Set<string>();
  let hits = 0;
  let repeats = 0;
  for (const page of references) {
    const at = cache.indexOf(page);
    if (seen.has(page)) repeats++;
    if (at >= 0) {
      hits++;
      cache.splice(at, 1);
    }
    seen.add(page);
    cache.unshift(page);
    cache.length = Math.min(cache.length, cachePages);
  }
  return repeats === 0 ? 1 : hits / repeats;
}

describe('the curve of independent references', () => {
  it('is a straight line where all pages are alike', () => {
    const curve = zipfCurve(10_000, 0);
    for (const part of [0.1, 0.5, 0.9]) {
      assert.ok(Math.abs(curve.shareWithin(10_000 * part) - part) < 1e-3);
    }
  });

  it('never falls, from nothing to all', () => {
    const curve = zipfCurve(5000, 0.9);
    const shares = Array.from({ length: 51 }, (_, at) => curve.shareWithin(at * 100));
    assert.deepEqual([shares[0], shares.at(-1)], [0, 1]);
    assert.ok(shares.every((share, at) => at === 0 || share >= (shares[at - 1] ?? 0)));
  });

  it('is near what LRU makes of such references', () => {
    const pages = 300;
    const weights = Array.from({ length: pages }, (_, at) => (at + 1) ** -0.9);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const prng = new Prng(5);
    const references = Array.from({ length: 20_000 }, () => {
      let left = (prng.u32() / 2 ** 32) * total;
      let page = 0;
      while (page < pages - 1 && left >= (weights[page] ?? 0)) left -= weights[page++] ?? 0;
      return String(page);
    });
    const curve = zipfCurve(pages, 0.9);
    for (const size of [30, 100, 200]) {
      const off = Math.abs(curve.shareWithin(size) - lruShare(references, size));
      assert.ok(off < 0.02, `${size}: ${off}`);
    }
  });
});
