import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFLATE_LEVELS, ZSTD_LEVELS, isLevel, levelRangeText } from '../../../src/codec/levels.ts';

describe('isLevel', () => {
  it('takes both ends and the default of a range', () => {
    for (const range of [ZSTD_LEVELS, DEFLATE_LEVELS]) {
      for (const level of [range.min, range.max, range.default]) assert.ok(isLevel(range, level));
    }
  });

  it('refuses what lies outside, zero, and what is no integer', () => {
    for (const range of [ZSTD_LEVELS, DEFLATE_LEVELS]) {
      for (const level of [range.min - 1, range.max + 1, 0, -0, 1.5, Number.NaN, Infinity]) {
        assert.ok(!isLevel(range, level));
      }
    }
  });
});

describe('levelRangeText', () => {
  it('leaves zero out of a range that spans it', () => {
    assert.equal(levelRangeText(ZSTD_LEVELS), '-7 to -1 and 1 to 19');
    assert.equal(levelRangeText(DEFLATE_LEVELS), '1 to 9');
  });
});
