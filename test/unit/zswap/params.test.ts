import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { ZswapParams } from '../../../src/zswap/params.ts';

describe('ZswapParams', () => {
  it('has the defaults of the kernel', () => {
    const params = new ZswapParams(1000);
    assert.equal(params.enabled, true);
    assert.equal(params.maxPoolPercent, 20);
    assert.equal(params.acceptThresholdPercent, 90);
    assert.equal(params.shrinkerEnabled, false);
    assert.equal(params.shrinkerPolicy, 'second_chance');
    assert.equal(params.poolBytes, undefined);
  });

  it('truncates twice: the share of RAM, and the threshold in it', () => {
    const limits = (total: number, max: number, accept: number): [number, number] => {
      const params = new ZswapParams(total);
      params.maxPoolPercent = max;
      params.acceptThresholdPercent = accept;
      return [params.maxPages(), params.acceptThresholdPages()];
    };
    assert.deepEqual(limits(1000, 20, 90), [200, 180]);
    assert.deepEqual(limits(1003, 20, 90), [200, 180]);
    assert.deepEqual(limits(1009, 33, 90), [332, 298]);
    assert.deepEqual(limits(1000, 0, 90), [0, 0]);
    assert.deepEqual(limits(1000, 100, 100), [1000, 1000]);
    assert.deepEqual(limits(2 ** 40, 99, 99), [
      Math.floor((2 ** 40 * 99) / 100),
      Math.floor((Math.floor((2 ** 40 * 99) / 100) * 99) / 100),
    ]);
  });

  it('takes the limit in bytes, until it is given in percent again', () => {
    const params = new ZswapParams(1000);
    params.poolBytes = 10 * 4096 + 4095;
    assert.equal(params.maxPages(), 10);
    assert.equal(params.acceptThresholdPages(), 9);
    params.poolBytes = 0;
    assert.equal(params.maxPages(), 0);
    params.maxPoolPercent = 5;
    assert.equal(params.poolBytes, undefined);
    assert.equal(params.maxPages(), 50);
  });

  it('refuses what is no percentage and no size, and changes nothing then', () => {
    const params = new ZswapParams(1000);
    for (const value of [-1, 101, 1.5, NaN]) {
      assert.throws(() => (params.maxPoolPercent = value), RangeError);
      assert.throws(() => (params.acceptThresholdPercent = value), RangeError);
    }
    for (const value of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      assert.throws(() => (params.poolBytes = value), RangeError);
    }
    assert.equal(params.maxPages(), 200);
    assert.equal(params.acceptThresholdPages(), 180);
  });

  it('can be switched', () => {
    const params = new ZswapParams(1000);
    params.enabled = false;
    params.shrinkerEnabled = true;
    params.shrinkerPolicy = 'protected';
    assert.deepEqual([params.enabled, params.shrinkerEnabled], [false, true]);
    assert.throws(() => (params.shrinkerPolicy = 'lru' as 'protected'), RangeError);
    assert.equal(params.shrinkerPolicy, 'protected');
  });
});
