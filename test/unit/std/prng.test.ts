import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Prng } from '../../../src/std/prng.ts';

describe('Prng', () => {
  it('repeats itself for a seed and differs between seeds', () => {
    const take = (seed: number): number[] => {
      const prng = new Prng(seed);
      return Array.from({ length: 20 }, () => prng.u32());
    };
    assert.deepEqual(take(5), take(5));
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => take(seed)[0]));
    assert.equal(firsts.size, 1000);
  });

  it('never gets stuck at zero, whatever the seed', () => {
    for (const seed of [0, -1, 2 ** 31, 0x9e3779b9]) {
      const prng = new Prng(seed);
      assert.ok(new Set(Array.from({ length: 50 }, () => prng.u32())).size > 45);
    }
  });

  it('gives each number below the bound about equally often, and no other', () => {
    const prng = new Prng(1);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 10_000; i += 1) {
      const value = prng.below(5);
      counts[value] = (counts[value] ?? NaN) + 1;
    }
    assert.equal(counts.length, 5);
    for (const count of counts) assert.ok(count > 1800 && count < 2200, String(counts));
  });

  it('is true with the probability asked for', () => {
    const prng = new Prng(2);
    let hits = 0;
    for (let i = 0; i < 10_000; i += 1) if (prng.chance(1, 4)) hits += 1;
    assert.ok(hits > 2300 && hits < 2700, String(hits));
    assert.equal(prng.chance(0, 4), false);
    assert.equal(prng.chance(4, 4), true);
  });
});
