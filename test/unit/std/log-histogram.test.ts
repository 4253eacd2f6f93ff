import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LOG_BUCKETS, logBucketSeconds, LogHistogram } from '../../../src/std/log-histogram.ts';

function bucketOf(ms: number): number {
  const histogram = new LogHistogram();
  histogram.record(ms);
  return histogram.read().buckets.indexOf(1);
}

describe('LogHistogram', () => {
  it('puts a duration at a bound into the bucket that ends there', () => {
    assert.deepEqual(
      [0, 0.0005, 0.001, 0.0011, 0.002, 0.0021, 0.004].map(bucketOf),
      [0, 0, 0, 1, 1, 2, 2],
    );
    assert.equal(bucketOf(8388.608), LOG_BUCKETS - 2);
    assert.equal(bucketOf(8388.7), LOG_BUCKETS - 1);
    assert.equal(bucketOf(1e12), LOG_BUCKETS - 1);
    assert.equal(bucketOf(-1), 0);
  });

  it('keeps every duration between the bounds of its bucket', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e10 }), (microseconds) => {
        const bucket = bucketOf(microseconds / 1000);
        assert.ok(microseconds / 1e6 <= logBucketSeconds(bucket) * (1 + 1e-12));
        if (bucket > 0) assert.ok(microseconds / 1e6 > logBucketSeconds(bucket - 1));
      }),
    );
  });

  it('sums what it counts', () => {
    const histogram = new LogHistogram();
    for (const ms of [1, 2, 500]) histogram.record(ms);
    const { count, sum_seconds, buckets } = histogram.read();
    assert.deepEqual([count, sum_seconds], [3, 0.503]);
    assert.equal(
      buckets.reduce((a, b) => a + b),
      3,
    );
  });

  it('gives readings that do not change', () => {
    const histogram = new LogHistogram();
    const before = histogram.read();
    histogram.record(1);
    assert.equal(before.count, 0);
    assert.ok(before.buckets.every((value) => value === 0));
  });
});
