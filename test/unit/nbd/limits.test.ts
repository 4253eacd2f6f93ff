import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_LIMITS, resolveLimits } from '../../../src/nbd/limits.ts';

describe('NBD limits', () => {
  it('accept their own defaults', () => {
    assert.deepEqual(resolveLimits(), DEFAULT_LIMITS);
  });

  it('take overrides one by one', () => {
    assert.deepEqual(resolveLimits({ inFlightMax: 3 }), { ...DEFAULT_LIMITS, inFlightMax: 3 });
  });

  it('refuse what is no positive integer, by name', () => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => resolveLimits({ inFlightMax: value }), /RangeError|inFlightMax/);
    }
  });

  it('refuse buffers and shares that could not hold one request', () => {
    assert.throws(() => resolveLimits({ receiveBytes: 4096 }), /receiveBytes/);
    assert.throws(() => resolveLimits({ batchBytes: 100 }), /batchBytes/);
    assert.throws(() => resolveLimits({ ownedBytesPerConnection: 4096 }), /PerConnection/);
    assert.throws(() => resolveLimits({ ownedBytesPerServer: 4096 }), /PerServer/);
  });
});
