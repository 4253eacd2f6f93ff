import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatStats } from '../../../src/metrics/table.ts';
import { assertFixture } from '../../support/fixture-text.ts';
import { STATS_EXAMPLE } from '../../support/stats-example.ts';

describe('formatStats', () => {
  it('shows the figures by their kernel names', () => {
    assertFixture('cli/stat.txt', formatStats(STATS_EXAMPLE));
  });

  it('divides by nothing when nothing is stored', () => {
    const { spill: _, ...rest } = STATS_EXAMPLE;
    const zswap = { ...rest.zswap, stored_pages: 0, pool_total_size: 0 };
    const parameters = { ...rest.parameters, pool_size: 0 };
    const process = { ...rest.process, uptime_seconds: 0 };
    const text = formatStats({ ...rest, zswap, parameters, memcg: {}, process });
    assert.doesNotMatch(text, /NaN|Infinity/);
    assert.match(text, /^zswapd, up 0 s,/);
  });
});
