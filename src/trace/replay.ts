/**
 * Replay: a trace through every policy, size and compressor of a plan. Results depend on nothing
 * but the trace and the plan.
 */
import type { ShrinkerPolicy } from '../memcg/shrinker-policy.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { MachineFigures } from './machine/figures.ts';
import { SimulatedMachine, type MachineOptions } from './machine/machine.ts';
import { codecCost, curveOf, type SizeCurve } from './machine/profile.ts';
import type { SimulatedWorld } from './machine/world.ts';
import { bytesOf, formatMemorySize, type MemorySize, type ReplayPlan } from './plan.ts';
import { findNextUses, type NextUses } from './policy/belady.ts';
import { SIMULATED_POLICIES, type SimulatedPolicy } from './policy/policy.ts';
import { simulate, type SimulationResult } from './policy/simulate.ts';
import type { ReadTrace } from './read-trace.ts';
import type { ReferenceTrace } from './references.ts';

/** The size of a run, as it was asked for and in bytes. */
export interface RunSize {
  readonly asked: string;
  readonly bytes: number;
  /** Whole pages that it holds uncompressed. */
  readonly pages: number;
}

/** A simulated cache of whole pages. */
export interface CacheRun {
  readonly kind: 'cache';
  readonly size: RunSize;
  readonly result: SimulationResult;
}

/** The engine in a simulated machine. */
export interface EngineRun {
  readonly kind: 'engine';
  readonly size: RunSize;
  readonly policy: ShrinkerPolicy;
  readonly compressor: string;
  readonly figures: MachineFigures;
  readonly world: SimulatedWorld;
}

export type ReplayRun = CacheRun | EngineRun;

export interface Replay {
  readonly read: ReadTrace;
  readonly plan: ReplayPlan;
  readonly framePages: number;
  readonly runs: readonly ReplayRun[];
}

/** How far a replay is. */
export interface ReplayProgress {
  readonly run: number;
  readonly runs: number;
  readonly references: number;
}

interface PlannedRun {
  readonly size: RunSize;
  readonly policy: ReplayPlan['policies'][number];
  readonly compressor: string | undefined;
}

/** Runs everything, one after the other, and gives others their turn in between. */
export async function runReplay(
  read: ReadTrace,
  plan: ReplayPlan,
  options: {
    readonly onProgress?: (progress: ReplayProgress) => void;
    /** Lets timers and signals have their turn. */
    readonly pause?: () => Promise<void>;
  } = {},
): Promise<Replay> {
  const planned = planRuns(read.trace, plan);
  const shared = new SharedParts(read, plan);
  const runs: ReplayRun[] = [];
  for (const [index, each] of planned.entries()) {
    const report = (references: number): void =>
      options.onProgress?.({ run: index, runs: planned.length, references });
    runs.push(runOne(shared, each, report));
    await options.pause?.();
  }
  return { read, plan, framePages: shared.framePages, runs };
}

/** By size, then policy, then compressor; caches know nothing of compressors. */
function planRuns(trace: ReferenceTrace, plan: ReplayPlan): readonly PlannedRun[] {
  return plan.poolSizes.flatMap((asked) => {
    const size = runSize(asked, trace.objectCount);
    return plan.policies.flatMap((policy): PlannedRun[] =>
      isSimulated(policy)
        ? [{ size, policy, compressor: undefined }]
        : plan.compressors.map((compressor) => ({ size, policy, compressor })),
    );
  });
}

function runSize(asked: MemorySize, footprintPages: number): RunSize {
  const bytes = bytesOf(asked, footprintPages);
  return { asked: formatMemorySize(asked), bytes, pages: Math.floor(bytes / PAGE_SIZE) };
}

function isSimulated(policy: string): policy is SimulatedPolicy {
  return SIMULATED_POLICIES.some((name) => name === policy);
}

/** What several runs of one trace share. */
class SharedParts {
  readonly read: ReadTrace;
  readonly plan: ReplayPlan;
  readonly framePages: number;
  #nextUses: NextUses | undefined;
  #recordedCurve: SizeCurve | undefined;

  constructor(read: ReadTrace, plan: ReplayPlan) {
    this.read = read;
    this.plan = plan;
    const framePages = Math.floor(bytesOf(plan.frames, read.trace.objectCount) / PAGE_SIZE);
    this.framePages = read.format.traffic === 'memory' ? framePages : 0;
  }

  get nextUses(): NextUses {
    this.#nextUses ??= findNextUses(this.read.trace);
    return this.#nextUses;
  }

  /** Sizes that the trace itself knows, for pages of which it does not. */
  get recordedCurve(): SizeCurve | undefined {
    if (!this.read.trace.hasSizes) return undefined;
    this.#recordedCurve ??= curveOf(recordedSizes(this.read.trace));
    return this.#recordedCurve;
  }
}

/** Enough to know a distribution by. */
const SIZES_MAX = 100_000;

function recordedSizes(trace: ReferenceTrace): number[] {
  const sizes: number[] = [];
  for (const { count, sizes: column } of trace.blocks) {
    for (let at = 0; at < count && sizes.length < SIZES_MAX; at += 1) {
      const size = column[at] ?? -1;
      if (size > 0) sizes.push(size);
    }
  }
  return sizes;
}

function runOne(
  shared: SharedParts,
  { size, policy, compressor }: PlannedRun,
  onProgress: (references: number) => void,
): ReplayRun {
  if (isSimulated(policy)) {
    const nextUses = policy === 'belady' ? shared.nextUses : undefined;
    const options = { nextUses, onProgress };
    return {
      kind: 'cache',
      size,
      result: simulate(shared.read.trace, policy, size.pages, options),
    };
  }
  const name = compressor ?? '';
  const machine = new SimulatedMachine(machineOptions(shared, size, policy, name, onProgress));
  const figures = machine.run();
  return { kind: 'engine', size, policy, compressor: name, figures, world: machine.world };
}

function machineOptions(
  shared: SharedParts,
  size: RunSize,
  policy: ShrinkerPolicy,
  compressor: string,
  onProgress: (references: number) => void,
): MachineOptions {
  const { read, plan, framePages } = shared;
  const { trace, format } = read;
  const { device, deviceBytes, seed } = plan;
  // Overwritten pages keep their place until the new one is acknowledged.
  const roomPages = trace.objectCount + 64 * 32;
  const pages = deviceBytes === undefined ? roomPages : Math.floor(deviceBytes / PAGE_SIZE);
  return {
    trace,
    traffic: format.traffic,
    framePages,
    settings: {
      poolBytes: size.bytes,
      acceptThresholdPercent: plan.acceptThresholdPercent,
      zpool: plan.zpool,
      enabled: plan.enabled,
      shrinkerEnabled: plan.shrinkerEnabled,
      shrinkerPolicy: policy,
      compressor,
    },
    cost: plan.costs?.get(compressor) ?? codecCost(compressor),
    device:
      device === undefined || pages <= 0
        ? undefined
        : { latency: device, pages: Math.min(pages, roomPages) },
    sizes: pageSizes(shared, compressor),
    tenants: trace.tenants.map((name) => {
      const facts = trace.facts?.exports.find((each) => each.name === name);
      const zswapWriteback = facts?.zswapWriteback ?? true;
      return { name, zswapMax: facts?.zswapMax, zswapWriteback };
    }),
    seed,
    onProgress,
  };
}

function pageSizes(shared: SharedParts, compressor: string): MachineOptions['sizes'] {
  const { profile, seed, recordedCompressor } = shared.plan;
  const ofProfile = profile.curves.get(compressor);
  const recorded = shared.recordedCurve;
  const isSame = recordedCompressor === undefined || recordedCompressor === compressor;
  if (recorded !== undefined && isSame) {
    return { seed, zeroShare: 0, curve: recorded, recordedCurve: undefined };
  }
  return {
    seed,
    zeroShare: recorded === undefined ? profile.zeroShare : 0,
    curve: ofProfile ?? [PAGE_SIZE, PAGE_SIZE],
    recordedCurve: recorded,
  };
}
