import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SAMPLE_EVERY, SampledTimer } from '../../../src/rt/sampled-timer.ts';

describe('SampledTimer', () => {
  it('looks at the clock for one event in so many, the first not among them', () => {
    let looks = 0;
    const timer = new SampledTimer({ nowMs: () => (looks += 1) });
    for (let i = 1; i <= 3 * SAMPLE_EVERY; i++) {
      timer.end(timer.begin());
      assert.equal(looks, 2 * Math.floor(i / SAMPLE_EVERY), `after ${i}`);
    }
    assert.equal(timer.histogram.read().count, 3);
  });

  it('counts how long the event took', () => {
    let now = 1000;
    const timer = new SampledTimer({ nowMs: () => now });
    for (let i = 0; i < SAMPLE_EVERY; i++) {
      const isTimed = timer.begin();
      now += 4;
      timer.end(isTimed);
    }
    assert.equal(timer.histogram.read().sum_seconds, 0.004);
  });

  it('counts nothing of an event that came to nothing', () => {
    const timer = new SampledTimer({ nowMs: () => 1 });
    for (let i = 0; i < 2 * SAMPLE_EVERY; i++) timer.begin();
    assert.equal(timer.histogram.read().count, 0);
  });
});
