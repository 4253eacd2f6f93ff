/**
 * Goal: on a real machine, too, the cache is a Map with a limit: what it returns is what was last
 * set under that key, it returns what it says that it has, and it takes no more than its bytes.
 * Method: random operations beside a Map of versions, over so little RAM that pages are compressed,
 * written to disk, moved together and evicted all the time.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Cache } from '../../src/cache/cache.ts';
import { OPEN_BYTES_MIN, OPEN_BYTES_MIN_SPILL } from '../../src/cache/open.ts';
import { MIB } from '../../src/std/units.ts';
import { assertWithin, jsonValue, noiseValue, openRealCache } from '../support/real-cache.ts';

/** What a key has in its n-th version: small, large, and some that does not compress. */
function valueOf(key: number, version: number): Uint8Array {
  const kind = (key * 7 + version) % 16;
  if (kind === 0) return noiseValue(key + version, 60_000);
  if (kind < 4) return noiseValue(key + version, 9000);
  return jsonValue(key, version);
}

class Trial {
  /** Versions of the keys that were set last; the cache may have dropped some. */
  readonly #model = new Map<number, number>();
  #version = 0;
  #state: number;
  readonly #keys: number;

  constructor(seed: number, keys: number) {
    this.#state = seed | 1;
    this.#keys = keys;
  }

  #random(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  async step(cache: Cache): Promise<void> {
    const key = this.#random(this.#keys);
    const verb = this.#random(16);
    if (verb < 8) await this.#set(cache, key, verb < 4);
    else if (verb < 14) await this.#get(cache, key, verb < 11);
    else {
      assert.equal(cache.has(String(key)), cache.delete(String(key)));
      this.#model.delete(key);
    }
    assert.ok(cache.size <= this.#model.size);
    assertWithin(cache);
  }

  async #set(cache: Cache, key: number, atOnce: boolean): Promise<void> {
    this.#version += 1;
    const version = this.#version;
    const value = valueOf(key, version);
    if (!atOnce || cache.setSync(String(key), value) === 'would-wait') {
      await cache.set(String(key), value);
    }
    assert.ok(cache.has(String(key)), 'what was set last is not dropped for what was set before');
    this.#model.set(key, version);
  }

  async #get(cache: Cache, key: number, atOnce: boolean): Promise<void> {
    const isThere = cache.has(String(key));
    const quick = atOnce ? cache.getSync(String(key)) : 'would-wait';
    const value = quick === 'would-wait' ? await cache.get(String(key)) : quick;
    assert.equal(value !== undefined, isThere, `key ${key}`);
    if (value === undefined) return;
    const version = this.#model.get(key);
    assert.ok(version !== undefined, `key ${key} was deleted`);
    assert.equal(Buffer.compare(value, valueOf(key, version)), 0, `key ${key}, ${version}`);
  }
}

describe('a cache on a machine', () => {
  for (const { where, maxBytes, diskBytes, keys, steps } of [
    { where: 'in RAM', maxBytes: OPEN_BYTES_MIN, diskBytes: 0, keys: 3000, steps: 5000 },
    {
      where: 'with a disk',
      maxBytes: OPEN_BYTES_MIN_SPILL,
      diskBytes: MIB,
      keys: 8000,
      steps: 10_000,
    },
  ]) {
    it(`is a Map with a limit, ${where}`, async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1 }), async (seed) => {
          const trial = new Trial(seed, keys);
          const cache = await openRealCache(t, { maxBytes }, diskBytes);
          for (let i = 0; i < steps; i += 1) await trial.step(cache);
          assert.ok(cache.stats().evicted > 0, 'the cache is too large for this test');
          await cache.close();
        }),
        { numRuns: 3 },
      );
    });
  }
});
