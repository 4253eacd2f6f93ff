// Goal: the simulated machine runs the real engine, loses nothing, and gives the same figures every
// time; its parts do what they say.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { COMPRESSORS } from '../../../src/codec/registry.ts';
import { createLz4 } from '../../../src/codec/lz4.ts';
import { Prng } from '../../../src/std/prng.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { DEVICES, parseDevice } from '../../../src/trace/machine/device-model.ts';
import { LatencyHistogram } from '../../../src/trace/machine/histogram.ts';
import {
  builtInProfile,
  measureProfile,
  rankOf,
  sizeAt,
} from '../../../src/trace/machine/profile.ts';
import { VirtualRt } from '../../../src/trace/machine/virtual-rt.ts';
import { defaultsOf, parseMemorySize, type ReplayPlan } from '../../../src/trace/plan.ts';
import type { ReadTrace } from '../../../src/trace/read-trace.ts';
import { runReplay } from '../../../src/trace/replay.ts';
import { resultsOf, type EngineResult } from '../../../src/trace/report/results.ts';
import { generateMemory } from '../../support/sample-pages.ts';
import { readBytes } from '../../support/traces.ts';

/** Pages of two tenants, the lower ones more often, some of them written. */
function madeUpTrace(references: number, pages: number, seed = 1): Promise<ReadTrace> {
  const prng = new Prng(seed);
  const lines = Array.from({ length: references }, () => {
    const page = Math.min(prng.below(pages), prng.below(pages));
    const op = prng.chance(1, 100) ? 'd' : prng.chance(1, 3) ? 'w' : 'r';
    return `${page},${op},${page % 2 === 0 ? 'even' : 'odd'}\n`;
  });
  return readBytes(lines.join(''), { format: 'plain' });
}

async function replayEngine(
  read: ReadTrace,
  wishes: Partial<ReplayPlan> = {},
): Promise<readonly EngineResult[]> {
  const defaults = defaultsOf(read, 'lz4');
  const compressors = wishes.compressors ?? defaults.compressors;
  const plan: ReplayPlan = {
    ...defaults,
    policies: ['second_chance'],
    poolSizes: [parseMemorySize('10%')],
    device: DEVICES['nvme'],
    profile: builtInProfile(compressors),
    ...wishes,
  };
  const { runs } = resultsOf(await runReplay(read, plan));
  return runs.filter((run): run is EngineResult => run.kind === 'engine');
}

describe('a simulated machine', () => {
  it('gives every reference a tier and every reader the last version', async () => {
    const read = await madeUpTrace(30_000, 6000);
    for (const zpool of ['zsmalloc', 'zbud', 'z3fold'] as const) {
      const [run] = await replayEngine(read, { zpool, poolSizes: [parseMemorySize('5%')] });
      assert.ok(run !== undefined);
      assert.equal(run.wrong_reads, 0);
      assert.equal(run.references, read.trace.reads + read.trace.writes);
      assert.ok(run.tiers.zswap > 0 && run.tiers.device > 0 && run.tiers.frames > 0);
      assert.ok((run.zswap['written_back_pages'] ?? 0) > 0);
      assert.ok(run.pool_size_peak <= run.pool_size + 16 * PAGE_SIZE);
      assert.ok(run.fault_latency.p50_us <= run.fault_latency.p99_us);
    }
  });

  it('gives the same figures for the same seed, and others for another', async () => {
    const read = await madeUpTrace(5000, 500);
    const figures = async (seed: number): Promise<string> =>
      JSON.stringify(await replayEngine(read, { seed, policies: ['second_chance', 'protected'] }));
    const first = await figures(1);
    assert.equal(await figures(1), first);
    assert.notEqual(await figures(2), first);
  });

  it('refuses what has nowhere to go, and loses nothing of it', async () => {
    const read = await madeUpTrace(5000, 500);
    const [run] = await replayEngine(read, { device: undefined });
    assert.ok(run !== undefined && run.refused_writes > 0);
    assert.equal(run.wrong_reads, 0);
    assert.equal(run.tiers.device, 0);
  });

  it('keeps more pages of a denser compressor, which takes longer', async () => {
    const read = await madeUpTrace(30_000, 8000);
    const [lz4, zstd] = await replayEngine(read, { compressors: ['lz4', 'zstd'] });
    assert.ok(lz4 !== undefined && zstd !== undefined);
    assert.ok(zstd.compression_ratio > lz4.compression_ratio);
    assert.ok(zstd.tiers.device < lz4.tiers.device);
    assert.ok(zstd.zswap_latency.p50_us > lz4.zswap_latency.p50_us);
  });

  it('waits for the device as long as that takes', async () => {
    const read = await madeUpTrace(3000, 500);
    const [fast] = await replayEngine(read, { device: parseDevice('read=10,write=10') });
    const [slow] = await replayEngine(read, { device: parseDevice('read=9000,write=10') });
    assert.ok(fast !== undefined && slow !== undefined);
    assert.ok(fast.device_latency.p50_us < 1000);
    assert.ok(slow.device_latency.p50_us >= 9000);
  });

  it('keeps a tenant to its own: the figures of all add up', async () => {
    const [run] = await replayEngine(await madeUpTrace(8000, 800));
    assert.ok(run !== undefined);
    assert.deepEqual(Object.keys(run.tenants).toSorted(), ['even', 'odd']);
    for (const name of ['zswpin', 'zswpout', 'zswpwb', 'pswpin'] as const) {
      const sum: number = Object.values(run.tenants).reduce((all, t) => all + t.events[name], 0);
      assert.equal(sum, run.vmstat[name]);
    }
  });
});

describe('a virtual clock', () => {
  it('goes to what happens next when nothing can run', () => {
    const rt = new VirtualRt(1);
    const seen: string[] = [];
    rt.at(30, () => seen.push(`late ${rt.nowUs}`));
    rt.at(10, () => seen.push(`early ${rt.nowUs}`));
    rt.at(10, () => seen.push(`second ${rt.nowUs}`));
    rt.runUntil(() => seen.length === 3);
    assert.deepEqual(seen, ['early 10', 'second 10', 'late 30']);
    rt.idleUntil(50);
    assert.equal(rt.nowMs(), 0.05);
    assert.throws(() => rt.runUntil(() => false), /the machine waits for nothing/);
  });

  it('keeps any number of things in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }), (times) => {
        const rt = new VirtualRt(1);
        const seen: number[] = [];
        for (const time of times) rt.at(time, () => seen.push(time));
        rt.settle();
        assert.deepEqual(
          seen,
          times.toSorted((a, b) => a - b),
        );
      }),
    );
  });
});

describe('a profile of pages', () => {
  it('has a size for every rank, and the rank of that size', () => {
    const { curves } = builtInProfile([...COMPRESSORS]);
    for (const [name, curve] of curves) {
      for (const rank of [0, 0.1, 0.5, 0.9, 1]) {
        const size = sizeAt(curve, rank);
        assert.ok(size > 0 && size <= PAGE_SIZE, `${name} at ${rank}: ${size}`);
        if (name !== 'null') assert.ok(Math.abs(rankOf(curve, size) - rank) < 0.02, name);
      }
    }
  });

  it('is measured from pages', () => {
    const profile = measureProfile('mine', generateMemory(64), [createLz4()]);
    assert.equal(profile.zeroShare, 1 / 16);
    const curve = profile.curves.get('lz4');
    assert.ok(curve !== undefined && curve.length === 60);
    assert.equal(sizeAt(curve, 1), PAGE_SIZE);
    assert.throws(() => measureProfile('none', new Uint8Array(100), []), /not one whole page/);
  });
});

describe('a histogram of times', () => {
  it('has percentiles within five percent', () => {
    const histogram = new LatencyHistogram();
    for (let us = 1; us <= 10_000; us += 1) histogram.add(us);
    for (const share of [0.5, 0.9, 0.99]) {
      const right = 10_000 * share;
      assert.ok(Math.abs(histogram.percentileUs(share) / right - 1) < 0.05);
    }
    assert.equal(histogram.percentileUs(1), 10_000);
    assert.equal(new LatencyHistogram().percentileUs(0.5), 0);
  });
});

describe('what a replay takes', () => {
  it('are devices and sizes that can be', () => {
    assert.deepEqual(parseMemorySize('100p'), { kind: 'bytes', bytes: 409_600 });
    assert.deepEqual(parseMemorySize('12.5%'), { kind: 'percent', percent: 12.5 });
    for (const text of ['0', '0%', '-1%', 'x', '0p']) {
      assert.throws(() => parseMemorySize(text), /is not a size of memory; it takes/);
    }
    for (const text of ['fast', 'read=1', 'read=1,write=x', 'read=1,write=1,channels=0']) {
      assert.throws(() => parseDevice(text), /is not a device; it takes nvme/);
    }
  });
});
