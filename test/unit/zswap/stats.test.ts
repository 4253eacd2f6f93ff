import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { REJECT_REASONS, createZswapStats } from '../../../src/zswap/stats.ts';

describe('createZswapStats', () => {
  it('counts from 0, with one counter for each reason of rejection', () => {
    const { rejects, ...counters } = createZswapStats();
    assert.deepEqual(Object.keys(rejects), [...REJECT_REASONS]);
    for (const value of [...Object.values(rejects), ...Object.values(counters)]) {
      assert.equal(value, 0);
    }
  });
});
