import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { zipfCurve } from '../../../../src/estimate/tune/hit-curve.ts';
import { modelEvaluate } from '../../../../src/estimate/tune/machine-model.ts';
import type { CompressorCost } from '../../../../src/estimate/tune/settings.ts';
import { paretoFront, type Search, type Trial, tune } from '../../../../src/estimate/tune/tune.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';

const LZ4: CompressorCost = {
  compressor: 'lz4',
  poolBytesPerPage: 1600,
  compressUs: 5,
  decompressUs: 1.5,
};
const ZSTD: CompressorCost = {
  compressor: 'zstd',
  poolBytesPerPage: 1000,
  compressUs: 18,
  decompressUs: 6,
};
const RAM_PAGES = 1000;
const RAM = RAM_PAGES * PAGE_SIZE;

function searchOf(changes: Partial<Search> = {}): Search {
  const compressors = [LZ4, ZSTD];
  const curve = zipfCurve(2 * RAM_PAGES, 0.9);
  return {
    compressors,
    poolSizes: [100, 200, 400, 600].map((pages) => pages * PAGE_SIZE),
    policies: ['lru'],
    evaluate: modelEvaluate({ ramBytes: RAM, deviceUs: 100, curve }, compressors),
    ramBytes: RAM,
    workingBytes: 2 * RAM,
    aim: 'memory',
    latencyBoundUs: 50,
    ...changes,
  };
}

function trialOf(memoryGained: number, faultLatencyUs: number, stallNs: number): Trial {
  return {
    compressor: 'lz4',
    poolBytes: 1,
    policy: 'lru',
    residentShare: 1,
    poolShare: 0,
    deviceShare: 0,
    isWithinBound: true,
    memoryGained,
    faultLatencyUs,
    stallNs,
  };
}

describe('the search', () => {
  it('takes the memory gained from an evaluation that has seen it', () => {
    const seen = { residentShare: 0, poolShare: 1, deviceShare: 0, faultLatencyUs: 3 };
    const { trials } = tune(searchOf({ evaluate: () => ({ ...seen, memoryGained: 12345 }) }));
    assert.ok(trials.length > 0 && trials.every(({ memoryGained }) => memoryGained === 12345));
  });

  it('shows a policy that changes nothing once', () => {
    const { front, trials } = tune(searchOf({ policies: ['lru', 'lru'] }));
    assert.equal(trials.length, 16);
    assert.equal(new Set(front.map((each) => each.compressor + each.poolBytes)).size, front.length);
  });
});

describe('the model of a machine', () => {
  it('gives every reference one place, and a denser pool more of them', () => {
    const { evaluate } = searchOf();
    const settings = { poolBytes: 400 * PAGE_SIZE, policy: 'lru' };
    const lz4 = evaluate({ ...settings, compressor: 'lz4' });
    const zstd = evaluate({ ...settings, compressor: 'zstd' });
    assert.ok(lz4 !== undefined && zstd !== undefined);
    for (const { residentShare, poolShare, deviceShare } of [lz4, zstd]) {
      assert.ok(Math.abs(residentShare + poolShare + deviceShare - 1) < 1e-9);
    }
    assert.equal(lz4.residentShare, zstd.residentShare);
    assert.ok(zstd.poolShare > lz4.poolShare);
  });

  it('takes from the device what a pool of nothing cannot hold', () => {
    const bare = searchOf().evaluate({ compressor: 'lz4', poolBytes: 0, policy: 'lru' });
    assert.ok(bare !== undefined);
    assert.equal(bare.poolShare, 0);
    assert.ok(Math.abs(bare.faultLatencyUs - 105) < 1e-9);
  });

  it('does not speak of policies it does not know', () => {
    const { evaluate } = searchOf();
    assert.equal(evaluate({ compressor: 'lz4', poolBytes: PAGE_SIZE, policy: 'fifo' }), undefined);
    assert.equal(evaluate({ compressor: 'none', poolBytes: 0, policy: 'lru' }), undefined);
  });
});

describe('tuning', () => {
  it('takes the most memory within the bound', () => {
    const { best, trials } = tune(searchOf());
    assert.ok(best !== undefined && best.isWithinBound);
    for (const trial of trials) {
      if (trial.isWithinBound) assert.ok(trial.memoryGained <= best.memoryGained);
    }
  });

  it('takes the least time lost, if that is the aim', () => {
    const { best, trials } = tune(searchOf({ aim: 'latency' }));
    assert.equal(best?.stallNs, Math.min(...trials.map(({ stallNs }) => stallNs)));
  });

  it('finds nothing where the bound is too tight', () => {
    assert.equal(tune(searchOf({ latencyBoundUs: 1 })).best, undefined);
  });

  it('tells of what it could not evaluate', () => {
    const { untold, trials } = tune(searchOf({ policies: ['lru', 'fifo'] }));
    assert.equal(untold.length, trials.length);
    assert.ok(untold.every(({ policy }) => policy === 'fifo'));
  });

  it('gains no more than the pages that want memory', () => {
    const { trials } = tune(searchOf({ workingBytes: 1.2 * RAM }));
    assert.ok(trials.every(({ memoryGained }) => memoryGained <= 0.2 * RAM + 1));
  });
});

describe('the Pareto front', () => {
  it('has what nothing beats, and nothing else', () => {
    const figures = fc.integer({ min: 0, max: 6 });
    const trials = fc.array(
      fc.tuple(figures, figures, figures).map((three) => trialOf(...three)),
      { maxLength: 40 },
    );
    const atLeast = (a: Trial, b: Trial): boolean =>
      a.memoryGained >= b.memoryGained &&
      a.faultLatencyUs <= b.faultLatencyUs &&
      a.stallNs <= b.stallNs;
    fc.assert(
      fc.property(trials, (all) => {
        const front = paretoFront(all);
        for (const trial of all) {
          assert.ok(
            front.some((other) => atLeast(other, trial)),
            'each is met by one of the front',
          );
        }
        for (const a of front) {
          for (const b of front) assert.ok(!atLeast(a, b) || atLeast(b, a), 'none beats another');
        }
      }),
    );
  });
});
