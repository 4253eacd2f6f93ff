// Goal: a run is held against the ratios that are kept: what is worse than its tolerance is named,
// whichever way is better, and what could not be measured is not lost.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Report } from '../../../bench/harness.ts';
import {
  compareRatios,
  parseRatios,
  parseReport,
  ratiosOf,
  updatedRatios,
  type Ratios,
} from '../../../bench/ratios.ts';
import { present } from '../../../src/std/assert.ts';
import { projectFile } from '../../support/project.ts';

type Rows = Report['tables'][number]['rows'];

function report(benchmark: string, columns: readonly string[], rows: Rows, title = 'T'): Report {
  return { benchmark, machine: '', notes: [], tables: [{ title, columns, rows }] };
}

/** A run of `page` in which lz4 stores so many times as slowly as the native library. */
function storeRun(value: number | undefined): Report {
  return report('page', ['compressor', 'store', 'store / native'], [['lz4', 7.5, value]]);
}

const STORE = 'lz4: store / native';
const KEPT: Ratios = { page: { [STORE]: { value: 1, better: 'lower', tolerance: 0.2 } } };
const RATE: Ratios = {
  nbd: {
    '4K: zswapd lz4: rate / nbdkit zstd': { value: 8, better: 'higher', tolerance: 0.25 },
  },
};

function rateRun(value: number): Report {
  return report('nbd', ['server', 'rate / nbdkit zstd'], [['zswapd lz4', value]], '4K');
}

function verdicts(kept: Ratios, ...reports: Report[]): string[] {
  return compareRatios(kept, reports).map(({ name, verdict }) => `${name} ${verdict}`);
}

describe('ratiosOf', () => {
  it('takes the ratios of a report, not its times', () => {
    assert.deepEqual(Object.keys(ratiosOf(storeRun(1.23456))), [STORE]);
    assert.equal(ratiosOf(storeRun(1.23456))[STORE]?.value, 1.235);
  });

  it('takes the median of a figure with a spread', () => {
    const spread = { median: 24, min: 20, max: 30 };
    const run = report('scale', ['stored pages', 'metadata'], [['1e+4', spread]]);
    assert.equal(ratiosOf(run)['1e+4: metadata']?.value, 24);
  });

  it('leaves out what could not be measured, before and after a way through JSON', () => {
    for (const value of [undefined, NaN]) {
      assert.deepEqual(ratiosOf(storeRun(value)), {});
      assert.deepEqual(ratiosOf(parseReport(JSON.stringify(storeRun(value)))), {});
    }
  });

  it("tells a benchmark's tables apart by their titles where rows and columns are the same", () => {
    const { tables } = rateRun(8);
    const run: Report = {
      ...rateRun(8),
      tables: [...tables, { ...present(tables[0]), title: '64K' }],
    };
    assert.equal(Object.keys(ratiosOf(run)).length, 2);
  });

  it('leaves out rivals, which nobody here can mend', () => {
    const run = report('nbd', ['server', 'rate / nbdkit zstd'], [['nbdkit memory', 9]]);
    assert.deepEqual(ratiosOf(run), {});
  });
});

describe('compareRatios', () => {
  it('names what has grown by more than its tolerance where lower is better', () => {
    assert.deepEqual(verdicts(KEPT, storeRun(1.21)), [`${STORE} REGRESSION`]);
    assert.deepEqual(verdicts(KEPT, storeRun(1.19)), [`${STORE} holds`]);
    assert.deepEqual(verdicts(KEPT, storeRun(0.84)), [`${STORE} holds`]);
    assert.deepEqual(verdicts(KEPT, storeRun(0.82)), [`${STORE} better`]);
  });

  it('names what has shrunk by more than its tolerance where higher is better', () => {
    const name = '4K: zswapd lz4: rate / nbdkit zstd';
    assert.deepEqual(verdicts(RATE, rateRun(6.3)), [`${name} REGRESSION`]);
    assert.deepEqual(verdicts(RATE, rateRun(6.5)), [`${name} holds`]);
    assert.deepEqual(verdicts(RATE, rateRun(10.1)), [`${name} better`]);
  });

  it('says skipped of what is kept and was not measured, and new of the opposite', () => {
    assert.deepEqual(verdicts(KEPT, storeRun(undefined)), [`${STORE} skipped`]);
    assert.deepEqual(verdicts({}, storeRun(1)), [`${STORE} new`]);
  });

  it('says nothing of benchmarks that did not run', () => {
    assert.deepEqual(verdicts({ ...KEPT, ...RATE }, rateRun(8)), [
      '4K: zswapd lz4: rate / nbdkit zstd holds',
    ]);
  });
});

describe('updatedRatios', () => {
  it('takes the new value and keeps the tolerance that stands in the file', () => {
    const { value, tolerance } = updatedRatios(KEPT, [storeRun(1.5)])['page']?.[STORE] ?? {};
    assert.deepEqual([value, tolerance], [1.5, 0.2]);
  });

  it('keeps what was not measured', () => {
    assert.deepEqual(updatedRatios({ ...KEPT, ...RATE }, [storeRun(undefined)]), {
      ...KEPT,
      ...RATE,
    });
  });
});

describe('the file', () => {
  it('holds the ratios of the benchmarks that are quick', () => {
    const kept = parseRatios(readFileSync(projectFile('bench/ratios.json'), 'utf8'));
    assert.ok(Object.keys(kept['page'] ?? {}).length > 10);
    assert.ok(Object.keys(kept['memory'] ?? {}).length > 5);
  });

  it('is refused where a ratio lacks its direction, its value or its tolerance', () => {
    const bad = [{ value: 1, tolerance: 0.1 }, { better: 'lower', tolerance: 0.1 }, {}];
    for (const ratio of bad) {
      assert.throws(() => parseRatios(JSON.stringify({ page: { x: ratio } })), TypeError);
    }
  });

  it('is not mistaken for a report, nor is anything else', () => {
    for (const text of ['{}', 'null', '[]', JSON.stringify(KEPT)]) {
      assert.throws(() => parseReport(text), TypeError);
    }
  });
});
