/**
 * Goal: whoever comes from the `lru-cache` package sees the same. Method: random operations on that
 * package and on ours side by side, with the same clock; every result and every call of `dispose`
 * is compared. Left out is what the two mean differently: identity of values, and limits of RAM.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LRUCache } from 'lru-cache';
import { BYTES, openLruCacheOn } from '../../src/cache/lru.ts';
import { TestHost, TestRt } from '../support/cache-memory.ts';

const key = fc.integer({ min: 0, max: 30 }).map((number) => `key${number}`);
const size = fc.oneof(fc.integer({ min: 1, max: 90 }), fc.constantFrom(400, 500, 5000));
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ verb: fc.constant('set' as const), key, size }) },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constant('setTtl' as const),
      key,
      size,
      ttl: fc.constantFrom(0, 1, 40, 200),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      verb: fc.constantFrom('get' as const, 'peek' as const, 'has' as const, 'delete' as const),
      key,
    }),
  },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('wait' as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('clear' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Limits {
  readonly max?: number;
  readonly maxSize?: number;
  readonly ttl?: number;
}

/** What both packages can be asked. */
interface Lru {
  readonly size: number;
  readonly calculatedSize: number;
  get(key: string): Uint8Array | undefined;
  peek(key: string): Uint8Array | undefined;
  has(key: string): boolean;
  delete(key: string): boolean;
  clear(): void;
  set(key: string, value: Uint8Array, options?: { ttl?: number }): unknown;
}

function apply(lru: Lru, step: Step, version: number): unknown {
  switch (step.verb) {
    case 'set':
      lru.set(step.key, new Uint8Array(step.size).fill(version));
      return undefined;
    case 'setTtl':
      lru.set(step.key, new Uint8Array(step.size).fill(version), { ttl: step.ttl });
      return undefined;
    case 'get':
    case 'peek':
    case 'has':
    case 'delete':
      return lru[step.verb](step.key);
    case 'clear':
      lru.clear();
      return undefined;
    case 'wait':
      return undefined;
  }
}

async function compare(limits: Limits, steps: readonly Step[]): Promise<void> {
  const rt = new TestRt();
  const seen: { theirs: unknown[]; ours: unknown[] } = { theirs: [], ours: [] };
  const theirs = new LRUCache<string, Uint8Array>({
    ...(limits as { max: number }),
    ttlResolution: 0,
    perf: { now: () => rt.now },
    dispose: (value, name, reason) => seen.theirs.push([reason, name, value]),
    ...(limits.maxSize === undefined
      ? {}
      : { sizeCalculation: (value: Uint8Array, name: string) => value.length + name.length }),
  });
  const ours = await openLruCacheOn(new TestHost(rt), {
    maxBytes: 4 * 1024 * 1024,
    ...limits,
    dispose: (value, name, reason) => seen.ours.push([reason, name, value]),
    codec: BYTES,
  });
  steps.forEach((each, version) => {
    if (each.verb === 'wait') rt.now += each.ms;
    assert.deepEqual(apply(ours, each, version), apply(theirs, each, version));
    assert.deepEqual(seen.ours, seen.theirs);
    assert.equal(ours.size, theirs.size);
    if (limits.maxSize !== undefined) assert.equal(ours.calculatedSize, theirs.calculatedSize);
    seen.ours.length = 0;
    seen.theirs.length = 0;
  });
  await ours.close();
}

describe('the adapter beside lru-cache', () => {
  const cases: Readonly<Record<string, Limits>> = {
    max: { max: 12 },
    maxSize: { maxSize: 1000 },
    'max and maxSize': { max: 12, maxSize: 700 },
    'max and ttl': { max: 12, ttl: 100 },
    'max, maxSize and ttl': { max: 12, maxSize: 600, ttl: 50 },
  };
  for (const [name, limits] of Object.entries(cases)) {
    it(`shows the same with ${name}`, async () => {
      const steps = fc.array(step, { maxLength: 300, size: 'max' });
      await fc.assert(
        fc.asyncProperty(steps, (all) => compare(limits, all)),
        { numRuns: 40, endOnFailure: true },
      );
    });
  }
});
