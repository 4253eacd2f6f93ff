// Goal: the simulated caches are what their papers say, and none is better than Belády's optimum.
// Method: published miss ratios where the traces are there, a search of all choices for small
// traces, and properties of random ones.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { openTraceFile } from '../../../src/trace/input/trace-file.ts';
import { SIMULATED_POLICIES, type SimulatedPolicy } from '../../../src/trace/policy/policy.ts';
import { missRatio, simulate } from '../../../src/trace/policy/simulate.ts';
import { readTrace } from '../../../src/trace/read-trace.ts';
import { OP_TRIM, type TraceOp } from '../../../src/trace/record.ts';
import type { ReferenceTrace } from '../../../src/trace/references.ts';
import { fixtureTrace, sharedTracePath, traceOf } from '../../support/traces.ts';

function hitsOf(trace: ReferenceTrace, policy: SimulatedPolicy, capacity: number): number {
  return simulate(trace, policy, capacity).total.hits;
}

async function sharedTrace(t: TestContext, name: string): Promise<ReferenceTrace | undefined> {
  const path = sharedTracePath(name);
  if (path === undefined) {
    t.skip(`skipped: needs ../shared/traces/${name}`);
    return undefined;
  }
  return (await readTrace(openTraceFile(path), {})).trace;
}

const referencesArbitrary = fc.array(
  fc.tuple(fc.nat(9), fc.constantFrom<TraceOp>(0, 0, 0, 1, 1, 2)),
  { minLength: 1, maxLength: 200 },
);

/** Most hits there can be, by trying every choice of what leaves. */
function mostHits(trace: ReferenceTrace, capacity: number): number {
  const [block] = trace.blocks;
  assert.ok(block !== undefined);
  const best = (at: number, held: readonly number[]): number => {
    if (at === block.count) return 0;
    const object = block.objects[at] ?? 0;
    const without = held.filter((each) => each !== object);
    if (block.ops[at] === OP_TRIM) return best(at + 1, without);
    if (without.length < held.length) return 1 + best(at + 1, held);
    if (held.length < capacity) return best(at + 1, [...held, object]);
    const kept = held.map((_, leaves) => held.filter((__, index) => index !== leaves));
    return Math.max(...kept.map((others) => best(at + 1, [...others, object])));
  };
  return best(0, []);
}

describe('simulated policies', () => {
  it('never hit more than Belády’s optimum, nor hold more than they may', () => {
    fc.assert(
      fc.property(referencesArbitrary, fc.integer({ min: 1, max: 12 }), (references, capacity) => {
        const trace = traceOf(references);
        const bound = hitsOf(trace, 'belady', capacity);
        for (const policy of SIMULATED_POLICIES) {
          const { total } = simulate(trace, policy, capacity);
          assert.ok(total.hits <= bound, `${policy}: ${total.hits} hits, the bound is ${bound}`);
          assert.equal(total.references, trace.reads + trace.writes);
          assert.equal(
            total.hits + total.readMisses + total.writeMisses,
            total.references,
            `${policy} counts each reference once`,
          );
        }
      }),
    );
  });

  it('hit everything but first references where all fits', () => {
    fc.assert(
      fc.property(referencesArbitrary, (references) => {
        const trace = traceOf(references);
        const counts = SIMULATED_POLICIES.map((policy) => hitsOf(trace, policy, 16));
        // S3-FIFO as published evicts from its small queue though there is room elsewhere: never.
        assert.deepEqual(new Set(counts).size, 1);
      }),
    );
  });

  it('have Belády’s optimum as good as the best of all choices', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(4), fc.constantFrom<TraceOp>(0, 0, 1, 2)), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 3 }),
        (references, capacity) => {
          const trace = traceOf(references);
          assert.equal(hitsOf(trace, 'belady', capacity), mostHits(trace, capacity));
        },
      ),
    );
  });

  it('hit more with more room, if they are stack algorithms', () => {
    fc.assert(
      fc.property(referencesArbitrary, (references) => {
        const trace = traceOf(references);
        for (const policy of ['lru', 'belady'] as const) {
          let before = 0;
          for (let capacity = 1; capacity <= 10; capacity += 1) {
            const hits = hitsOf(trace, policy, capacity);
            assert.ok(hits >= before, `${policy} at ${capacity}`);
            before = hits;
          }
        }
      }),
    );
  });

  it('tell lru, fifo and sieve apart', () => {
    // A page that is used all the time, among others that are used once.
    const trace = traceOf([1, 2, 1, 3, 1, 4, 1, 5, 1]);
    assert.equal(hitsOf(trace, 'lru', 2), 4);
    assert.equal(hitsOf(trace, 'fifo', 2), 2);
    assert.equal(hitsOf(trace, 'sieve', 2), 4);
  });

  it('let s3-fifo keep what is used through a scan that ruins lru', () => {
    const hot = Array.from({ length: 40 }, (_, i) => i % 8);
    const scan = Array.from({ length: 60 }, (_, i) => 100 + i);
    const trace = traceOf([...hot, ...scan, ...hot]);
    assert.ok(hitsOf(trace, 's3-fifo', 20) > hitsOf(trace, 'lru', 20));
  });

  it('refuse a cache of nothing', () => {
    assert.throws(() => simulate(traceOf([1]), 'lru', 0), /a cache holds 1 page or more, not 0/);
  });
});

const FORMATS = ['csv', 'txt', 'vscsi', 'oracleGeneral.bin'];

describe('lru over one trace in four formats', () => {
  it('has identical results over the small ones', async () => {
    const results = await Promise.all(
      FORMATS.map(async (ending) => {
        const { trace } = await fixtureTrace(`cloudphysics.${ending}`);
        return [10, 50, 100, 200].map((capacity) => hitsOf(trace, 'lru', capacity));
      }),
    );
    for (const result of results) assert.deepEqual(result, results[0]);
  });

  for (const ending of FORMATS) {
    it(`has the published miss ratios over ${ending}`, async (t) => {
      const trace = await sharedTrace(t, `cloudphysics/cloudPhysicsIO.${ending}.gz`);
      if (trace === undefined) return;
      assert.equal(trace.referenceCount, 113_872);
      assert.equal(trace.objectCount, 48_974);
      const ratios = [100, 1000, 4000, 16_000].map((capacity) =>
        missRatio(simulate(trace, 'lru', capacity).total).toFixed(4),
      );
      assert.deepEqual(ratios, ['0.8801', '0.8327', '0.8151', '0.6587']);
    });
  }
});

describe('the traces of the LIRS paper', () => {
  const hitRatio = (trace: ReferenceTrace, policy: SimulatedPolicy, capacity: number): number =>
    1 - missRatio(simulate(trace, policy, capacity).total);

  it('have a loop that lru never hits until all of it fits', async (t) => {
    const trace = await sharedTrace(t, 'lirs/loop.trace.gz');
    if (trace === undefined) return;
    assert.deepEqual([trace.referenceCount, trace.objectCount], [505_500, 1011]);
    assert.equal(hitRatio(trace, 'lru', 1010), 0);
    assert.ok(hitRatio(trace, 'lru', 1011) > 0.99);
    // The optimum keeps all but one page of the cache through each round.
    for (const capacity of [100, 500, 900]) {
      const share = hitRatio(trace, 'belady', capacity);
      assert.ok(Math.abs(share - (capacity - 1) / 1010) < 0.005, `${capacity}: ${share}`);
    }
  });

  it('have sprite, which lru likes', async (t) => {
    const trace = await sharedTrace(t, 'lirs/sprite.trace.gz');
    if (trace === undefined) return;
    assert.ok(hitRatio(trace, 'lru', 700) > 0.85);
    assert.ok(hitRatio(trace, 'lru', 700) > hitRatio(trace, 'fifo', 700));
    assert.ok(hitRatio(trace, 'belady', 700) - hitRatio(trace, 'lru', 700) < 0.06);
  });

  it('have two pools, of which lru cannot keep the hot one', async (t) => {
    const trace = await sharedTrace(t, 'lirs/2_pools.trace.gz');
    if (trace === undefined) return;
    assert.ok(hitRatio(trace, 'belady', 450) - hitRatio(trace, 'lru', 450) > 0.1);
  });

  it('have cpp, where a few hundred blocks are all that is used again', async (t) => {
    const trace = await sharedTrace(t, 'lirs/cpp.trace.gz');
    if (trace === undefined) return;
    assert.ok(hitRatio(trace, 'lru', 300) > 0.8);
    assert.ok(hitRatio(trace, 'lru', 20) < 0.4);
  });
});
