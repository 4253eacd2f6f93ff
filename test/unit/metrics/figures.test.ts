import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ageQuantileSeconds,
  compressionRatio,
  exportFigures,
  fragmentation,
  pageRates,
  quantileSeconds,
  readingSince,
  refusedPages,
  sortExports,
  type ExportColumn,
} from '../../../src/metrics/figures.ts';
import type { StatsSnapshot } from '../../../src/metrics/snapshot.ts';
import { LogHistogram } from '../../../src/std/log-histogram.ts';
import { STATS_EXAMPLE } from '../../support/stats-example.ts';

/** The example some seconds later, with more pages in and out. */
function later(seconds: number, more: number): StatsSnapshot {
  const { process, vmstat, memcg, rejects } = STATS_EXAMPLE;
  const vm1 = memcg['vm1'];
  assert.ok(vm1);
  return {
    ...STATS_EXAMPLE,
    process: { ...process, uptime_seconds: process.uptime_seconds + seconds },
    vmstat: { ...vmstat, zswpout: vmstat.zswpout + more, pswpin: vmstat.pswpin + 2 * more },
    rejects: { ...rejects, pool_limit: rejects.pool_limit + 3 * more },
    memcg: { vm1: { ...vm1, zswpin: vm1.zswpin + more }, new: vm1 },
  };
}

describe('pageRates', () => {
  it('divides what was counted by the time between', () => {
    assert.deepEqual(pageRates(STATS_EXAMPLE, later(2, 10)), {
      stored: 5,
      loaded: 0,
      writtenBack: 0,
      refused: 15,
      deviceWritten: 0,
      deviceRead: 10,
    });
  });

  it('says nothing of the first look, of the same look again, and across a restart', () => {
    assert.equal(pageRates(undefined, STATS_EXAMPLE), undefined);
    assert.equal(pageRates(STATS_EXAMPLE, STATS_EXAMPLE), undefined);
    assert.equal(pageRates(STATS_EXAMPLE, later(-5, 1)), undefined);
  });
});

describe('exportFigures', () => {
  it('has a row for each export, with rates of those that were there before', () => {
    const [vm1, added] = exportFigures(STATS_EXAMPLE, later(2, 10));
    assert.equal(vm1?.name, 'vm1');
    assert.equal(vm1.loaded, 5);
    assert.equal(vm1.stored, 0);
    assert.equal(vm1.ratio, 3);
    assert.equal(vm1.limitBytes, 512 * 2 ** 20);
    assert.equal(vm1.oldestSeconds, 68);
    assert.deepEqual([added?.name, added?.stored], ['new', undefined]);
  });

  it('takes a limit of max for none, and an empty export for one without a ratio', () => {
    const { vm2 } = STATS_EXAMPLE.memcg;
    assert.ok(vm2);
    const empty = { ...vm2, 'memory.zswap.current': 0, zswapped: 0 };
    const [row] = exportFigures(undefined, { ...STATS_EXAMPLE, memcg: { empty } });
    assert.deepEqual([row?.limitBytes, row?.ratio, row?.stored], [undefined, undefined, undefined]);
  });
});

describe('sortExports', () => {
  const rows = exportFigures(undefined, STATS_EXAMPLE);
  const names = (column: ExportColumn, reversed = false): string[] =>
    sortExports(rows, column, reversed).map(({ name }) => name);

  it('puts names upwards and figures downwards, or the other way round', () => {
    assert.deepEqual(names('name'), ['vm1', 'vm2']);
    assert.deepEqual(names('name', true), ['vm2', 'vm1']);
    assert.deepEqual(names('compressedBytes'), ['vm1', 'vm2']);
    assert.deepEqual(names('compressedBytes', true), ['vm2', 'vm1']);
  });

  it('puts what has no figure last in both directions', () => {
    assert.deepEqual(names('limitBytes'), ['vm1', 'vm2']);
    assert.deepEqual(names('limitBytes', true), ['vm1', 'vm2']);
  });
});

describe('points of a distribution', () => {
  it('are never below the exact one, and at most twice as large', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 8_000_000 }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (microseconds, share) => {
          const histogram = new LogHistogram();
          for (const each of microseconds) histogram.record(each / 1000);
          const sorted = microseconds.toSorted((a, b) => a - b);
          const exact = (sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0) / 1e6;
          const found = quantileSeconds(histogram.read(), share) ?? 0;
          assert.ok(found >= exact * (1 - 1e-9) && found <= Math.max(1e-6, 2 * exact));
        },
      ),
    );
  });

  it('are not there where there is nothing', () => {
    assert.equal(quantileSeconds(new LogHistogram().read(), 0.5), undefined);
    const lru = { ...STATS_EXAMPLE.lru, sampled_pages: 0, age_pages: [] };
    assert.equal(ageQuantileSeconds({ lru }, 0.5), undefined);
  });

  it('say the age of a page, and none above the oldest', () => {
    assert.equal(ageQuantileSeconds(STATS_EXAMPLE, 0.5), 16);
    assert.equal(ageQuantileSeconds(STATS_EXAMPLE, 1), 77.7);
  });
});

describe('readingSince', () => {
  it('is the difference of two readings', () => {
    const histogram = new LogHistogram();
    histogram.record(1);
    const before = histogram.read();
    histogram.record(4);
    histogram.record(1);
    const since = readingSince(before, histogram.read());
    assert.equal(since.count, 2);
    assert.equal(since.sum_seconds.toFixed(6), '0.005000');
    assert.deepEqual([since.buckets[10], since.buckets[12]], [1, 1]);
  });

  it('is the later one where there is none before, or one of another daemon', () => {
    const histogram = new LogHistogram();
    histogram.record(1);
    const now = histogram.read();
    histogram.record(1);
    assert.equal(readingSince(undefined, now), now);
    assert.equal(readingSince(histogram.read(), now), now);
  });
});

describe('sums', () => {
  it('count every refused page, and what zspages hold', () => {
    assert.equal(refusedPages(STATS_EXAMPLE), 77);
    assert.deepEqual(fragmentation(STATS_EXAMPLE.size_classes), {
      zspageBytes: 24 * 4096,
      slotBytes: 20 * 1024 + 21 * 2720,
      freeableBytes: 5 * 4096,
    });
  });

  it('have no ratio of an empty pool', () => {
    assert.equal(compressionRatio(STATS_EXAMPLE), 3);
    const zswap = { ...STATS_EXAMPLE.zswap, pool_total_size: 0 };
    assert.equal(compressionRatio({ zswap }), undefined);
  });
});
