import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bytesText,
  countText,
  durationText,
  pageRateText,
  percentText,
  rateText,
  ratioText,
} from '../../../src/metrics/words.ts';

const cases = <T>(text: (value: T) => string, rows: readonly (readonly [T, string])[]): void => {
  for (const [value, expected] of rows) assert.equal(text(value), expected, String(value));
};

describe('words for figures', () => {
  it('bytes have three digits and the unit that fits', () => {
    cases(bytesText, [
      [0, '0 B'],
      [1023, '1023 B'],
      [1024, '1.00 KiB'],
      [10_230, '9.99 KiB'],
      [10_239, '10.0 KiB'],
      [102_399, '100 KiB'],
      [1024 * 1023.4, '1023 KiB'],
      [1024 * 1023.6, '1.00 MiB'],
      [24 * 2 ** 20, '24.0 MiB'],
      [3 * 2 ** 40, '3.00 TiB'],
      [5000 * 2 ** 40, '5000 TiB'],
    ]);
  });

  it('counts are grouped', () => {
    cases(countText, [
      [0, '0'],
      [999, '999'],
      [1000, '1\u202f000'],
      [1_234_567.4, '1\u202f234\u202f567'],
    ]);
  });

  it('shares of nothing, and ratios that are not there, are a dash', () => {
    assert.equal(percentText(3, 8), '37.5 %');
    assert.equal(percentText(0, 0), '–');
    assert.equal(ratioText(3.017), '3.02');
    assert.equal(ratioText(undefined), '–');
  });

  it('rates are a second', () => {
    assert.equal(pageRateText(256), '1.00 MiB/s');
    assert.equal(pageRateText(undefined), '–');
    cases(rateText, [
      [0, '0/s'],
      [0.5, '0.5/s'],
      [9.94, '9.9/s'],
      [9.96, '10/s'],
      [1200, '1\u202f200/s'],
    ]);
  });

  it('durations have two units at most', () => {
    cases(durationText, [
      [0, '0 s'],
      [1e-6, '1.00 µs'],
      [1.6e-5, '16.0 µs'],
      [0.000_999_6, '1.00 ms'],
      [0.128, '128 ms'],
      [1, '1 s'],
      [59.9, '59 s'],
      [60, '1 min'],
      [61, '1 min 1 s'],
      [3600, '1 h'],
      [8042, '2 h 14 min'],
      [90_000, '1 d 1 h'],
      [Infinity, 'more'],
      [undefined, '–'],
    ]);
  });
});
