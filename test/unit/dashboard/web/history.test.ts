import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { axisUpTo } from '../../../../src/dashboard/web/chart/axis.ts';
import { History } from '../../../../src/dashboard/web/history.ts';
import type { StatsSnapshot } from '../../../../src/metrics/snapshot.ts';
import { STATS_EXAMPLE } from '../../../support/stats-example.ts';

function at(seconds: number, zswpout = 0): StatsSnapshot {
  const { process, vmstat } = STATS_EXAMPLE;
  return {
    ...STATS_EXAMPLE,
    process: { ...process, uptime_seconds: seconds },
    vmstat: { ...vmstat, zswpout },
  };
}

describe('the history of a page', () => {
  it('has rates from the second snapshot on', () => {
    const history = new History();
    history.push(at(1, 0));
    history.push(at(3, 100));
    assert.deepEqual(
      history.moments.map(({ rates }) => rates?.stored),
      [undefined, 50],
    );
    assert.equal(history.before?.process.uptime_seconds, 1);
  });

  it('keeps five minutes, and shows no more than there is', () => {
    const history = new History();
    const spans: number[] = [];
    for (let second = 0; second <= 400; second++) {
      history.push(at(second));
      if (second % 100 === 50) spans.push(history.span);
    }
    assert.equal(history.moments.length, 301);
    assert.deepEqual(spans, [60, 300, 300, 300]);
    assert.equal(history.since(60)?.time, 340);
  });

  it('begins anew with a daemon that was started again, and takes nothing twice', () => {
    const history = new History();
    history.push(at(50));
    history.push(at(50));
    assert.equal(history.moments.length, 1);
    history.push(at(2));
    assert.deepEqual(
      history.moments.map(({ time }) => time),
      [2],
    );
    assert.equal(history.before, undefined);
  });
});

describe('axisUpTo', () => {
  it('ends at a round value that is not below the largest', () => {
    for (const base of [10, 1024] as const) {
      for (let max = 0.001; max < 1e12; max *= 1.7) {
        const axis = axisUpTo(max, base);
        assert.ok(axis.max >= max * (1 - 1e-9) && axis.max <= 4 * max, `${max}`);
        assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 6, `${max}`);
        assert.equal(axis.ticks[0], 0);
        assert.equal(axis.ticks.at(-1), axis.max);
      }
    }
  });

  it('has steps that are round in the unit of bytes', () => {
    const MIB = 2 ** 20;
    assert.deepEqual(
      axisUpTo(24 * MIB, 1024).ticks.map((tick) => tick / MIB),
      [0, 10, 20, 30],
    );
  });

  it('has room for nothing', () => {
    assert.equal(axisUpTo(0, 10).max, 1);
  });
});
