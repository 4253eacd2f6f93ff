/**
 * Answers `zswapd tune` with a trace: each setting is a run of replay's machine, which has the
 * engine that serves in it, over pages that compress as the user's own do. All runs are made
 * beforehand, one after the other; what is evaluated later is looked up.
 */
import { setImmediate as pause } from 'node:timers/promises';
import { openCodec } from '../codec/registry.ts';
import type { CompressorEstimate } from '../estimate/estimate.ts';
import type { Evaluate, Outcome, Settings } from '../estimate/tune/settings.ts';
import type { ShrinkerPolicy } from '../memcg/shrinker-policy.ts';
import { ZswapError } from '../std/error.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { DeviceLatency } from '../trace/machine/device-model.ts';
import { measureProfile } from '../trace/machine/profile.ts';
import { defaultsOf, type MemorySize, type ReplayPlan } from '../trace/plan.ts';
import type { ReadTrace } from '../trace/read-trace.ts';
import { runReplay, type EngineRun } from '../trace/replay.ts';
import { Progress } from './progress.ts';

/** Requests that the device serves at the same time. */
const DEVICE_CHANNELS = 4;

/** What is tried, and on which machine. */
export interface TunedMachine {
  readonly ramBytes: number;
  /** Microseconds of a request to the device, either way. */
  readonly deviceUs: number;
  readonly poolSizes: readonly number[];
  readonly policies: readonly ShrinkerPolicy[];
  readonly compressors: readonly CompressorEstimate[];
  /** Pages that the compressors are measured on, one after the other. */
  readonly pages: Uint8Array;
}

/**
 * Runs every setting, and the machine without zswap, which is what a pool of 0 bytes stands for.
 *
 * @throws ZswapError `ZSWAP_TRACE` if no page of the trace ever comes back
 */
export async function replayEvaluate(read: ReadTrace, machine: TunedMachine): Promise<Evaluate> {
  const base = await planOf(read, machine);
  const outcomes = new Map<string, Outcome>();
  const progress = new Progress();
  const poolSizes = [0, ...machine.poolSizes];
  for (const [index, poolBytes] of poolSizes.entries()) {
    const { runs } = await runReplay(read, planWith(base, machine.ramBytes, poolBytes), {
      pause,
      onProgress: ({ run, runs: count }) =>
        progress.update(() => {
          const done = `pool size ${index + 1} of ${poolSizes.length}, run ${run + 1} of ${count}`;
          return `replaying: ${done}`;
        }),
    });
    for (const run of runs) {
      if (run.kind !== 'engine') continue;
      const { compressor, policy } = run;
      outcomes.set(keyOf({ compressor, policy, poolBytes }), outcomeOf(read, run, poolBytes));
    }
  }
  progress.end();
  return (settings) => outcomes.get(keyOf(settings));
}

function keyOf({ compressor, policy, poolBytes }: Settings): string {
  return `${compressor} ${policy} ${poolBytes}`;
}

/** What all runs have in common. */
async function planOf(read: ReadTrace, machine: TunedMachine): Promise<ReplayPlan> {
  const { compressors, deviceUs, pages, policies } = machine;
  const names = compressors.map(({ compressor }) => compressor);
  const codecs = await Promise.all(names.map((name) => openCodec(name)));
  const device: DeviceLatency = {
    readUs: deviceUs,
    writeUs: deviceUs,
    pageUs: 0,
    channels: DEVICE_CHANNELS,
  };
  return {
    ...defaultsOf(read, names[0] ?? ''),
    policies,
    compressors: names,
    device,
    deviceBytes: undefined,
    profile: measureProfile('the pages', pages, codecs),
    costs: new Map(compressors.map((estimate) => [estimate.compressor, estimate])),
  };
}

/** RAM that is not the pool's is frames. */
function planWith(base: ReplayPlan, ramBytes: number, poolBytes: number): ReplayPlan {
  const frames = inBytes(ramBytes - poolBytes);
  const enabled = poolBytes > 0;
  const poolSizes = [inBytes(Math.max(poolBytes, PAGE_SIZE))];
  if (enabled) return { ...base, frames, enabled, poolSizes };
  // Nothing is compressed, so one run stands for every compressor.
  return { ...base, frames, enabled, poolSizes, compressors: base.compressors.slice(0, 1) };
}

function inBytes(bytes: number): MemorySize {
  return { kind: 'bytes', bytes };
}

/**
 * Shares are of references to pages that were there before: what comes into being faults in any
 * machine. A fault is the read from swap, and its part of the writes that make way for it.
 */
function outcomeOf(read: ReadTrace, run: EngineRun, poolBytes: number): Outcome {
  const { tiers, faultLatency, writeLatency, samples } = run.figures;
  const inPool = tiers.zswap + tiers.zero;
  const total = tiers.frames + inPool + tiers.device;
  if (total === 0) {
    const reason = 'no page is referenced twice, so it says nothing about memory';
    throw new ZswapError('ZSWAP_TRACE', `'${read.path}' is no use: ${reason}`);
  }
  const faults = tiers.first + inPool + tiers.device;
  const storedPages = Math.max(...samples.map((sample) => sample.storedPages));
  return {
    residentShare: tiers.frames / total,
    poolShare: inPool / total,
    deviceShare: tiers.device / total,
    faultLatencyUs: faultLatency.meanUs + (faults === 0 ? 0 : writeLatency.sumUs / faults),
    memoryGained: storedPages * PAGE_SIZE - poolBytes,
  };
}
