/**
 * The results of a replay as plain data: the JSON that is printed, and what the other reports are
 * made of. Names are the kernel's where the kernel has one.
 */
import type { SwapEvents } from '../../memcg/events.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { TierCounts } from '../machine/figures.ts';
import type { LatencyHistogram } from '../machine/histogram.ts';
import { missRatio, type HitCounts } from '../policy/simulate.ts';
import type { CacheRun, EngineRun, Replay } from '../replay.ts';

export interface TraceResult {
  readonly path: string;
  readonly format: string;
  readonly unit: string;
  readonly traffic: string;
  readonly references: number;
  readonly reads: number;
  readonly writes: number;
  readonly trims: number;
  readonly objects: number;
  readonly footprint_bytes: number;
  readonly seconds: number;
  readonly tenants: readonly string[];
  /** Events that a recording lost. */
  readonly lost: number;
  /** Where and why reading stopped before the end. */
  readonly stopped: string | null;
}

export interface HitResult {
  readonly references: number;
  readonly hits: number;
  readonly misses: number;
  readonly miss_ratio: number;
}

export interface CacheResult extends HitResult {
  readonly kind: 'cache';
  readonly policy: string;
  readonly asked_size: string;
  readonly pool_size: number;
  readonly pool_pages: number;
  readonly tenants: Readonly<Record<string, HitResult>>;
}

export interface LatencyResult {
  readonly count: number;
  readonly mean_us: number;
  readonly p50_us: number;
  readonly p90_us: number;
  readonly p99_us: number;
  readonly p999_us: number;
  readonly max_us: number;
}

export interface TenantResult {
  readonly tiers: TierCounts;
  readonly events: SwapEvents;
  readonly 'memory.zswap.current': number;
  readonly zswapped: number;
}

export interface SampleResult {
  readonly reference: number;
  readonly seconds: number;
  readonly pool_total_size: number;
  readonly stored_pages: number;
  readonly device_pages: number;
  readonly written_back_pages: number;
  readonly tiers: Readonly<TierCounts>;
}

export interface EngineResult {
  readonly kind: 'engine';
  readonly policy: string;
  readonly compressor: string;
  readonly asked_size: string;
  readonly pool_size: number;
  readonly pool_pages: number;
  /** Faults that were not served from memory, of all references. */
  readonly miss_ratio: number;
  readonly references: number;
  readonly tiers: TierCounts;
  readonly zswap: Readonly<Record<string, number>>;
  readonly rejects: Readonly<Record<string, number>>;
  readonly vmstat: SwapEvents;
  readonly pool_size_peak: number;
  readonly pool_size_mean: number;
  readonly stored_pages_mean: number;
  /** Pages stored by pages that the pool took, over the run. */
  readonly compression_ratio: number;
  readonly refused_writes: number;
  readonly wrong_reads: number;
  readonly seconds: number;
  readonly fault_latency: LatencyResult;
  readonly zswap_latency: LatencyResult;
  readonly device_latency: LatencyResult;
  readonly write_latency: LatencyResult;
  readonly fault_histogram: readonly { readonly up_to_us: number; readonly count: number }[];
  readonly tenants: Readonly<Record<string, TenantResult>>;
  readonly samples: readonly SampleResult[];
}

export interface ReplayResult {
  readonly trace: TraceResult;
  readonly machine: {
    readonly frames_bytes: number;
    readonly zpool: string;
    readonly accept_threshold_percent: number;
    readonly shrinker_enabled: boolean;
    readonly device: Readonly<Record<string, number>> | null;
    readonly profile: string;
    readonly seed: number;
  };
  readonly runs: readonly (CacheResult | EngineResult)[];
}

export function resultsOf(replay: Replay): ReplayResult {
  const { plan } = replay;
  const { device } = plan;
  return {
    trace: traceResult(replay),
    machine: {
      frames_bytes: replay.framePages * PAGE_SIZE,
      zpool: plan.zpool,
      accept_threshold_percent: plan.acceptThresholdPercent,
      shrinker_enabled: plan.shrinkerEnabled,
      device:
        device === undefined
          ? null
          : {
              read_us: device.readUs,
              write_us: device.writeUs,
              page_us: device.pageUs,
              channels: device.channels,
            },
      profile: replay.read.trace.hasSizes ? 'recorded' : plan.profile.name,
      seed: plan.seed,
    },
    runs: replay.runs.map((run) =>
      run.kind === 'cache' ? cacheResult(replay, run) : engineResult(replay, run),
    ),
  };
}

function traceResult({ read }: Replay): TraceResult {
  const { trace, format, unit, path, stopped } = read;
  return {
    path,
    format: format.name,
    unit,
    traffic: format.traffic,
    references: trace.referenceCount,
    reads: trace.reads,
    writes: trace.writes,
    trims: trace.trims,
    objects: trace.objectCount,
    footprint_bytes: trace.objectCount * PAGE_SIZE,
    seconds: trace.seconds,
    tenants: namedTenants(read.trace).map(([name]) => name),
    lost: trace.facts?.lost ?? 0,
    stopped: stopped ?? null,
  };
}

/** Tenants that have something, with their numbers; nobody only where there is nobody else. */
function namedTenants({ tenants }: Replay['read']['trace']): [name: string, number: number][] {
  const named = tenants.map((name, number): [string, number] => [name, number]);
  return named.length > 1 ? named.slice(1) : named;
}

function hitResult(counts: HitCounts): HitResult {
  return {
    references: counts.references,
    hits: counts.hits,
    misses: counts.references - counts.hits,
    miss_ratio: missRatio(counts),
  };
}

function cacheResult({ read }: Replay, { size, result }: CacheRun): CacheResult {
  const tenants = namedTenants(read.trace).flatMap(([name, number]) => {
    const counts = result.tenants[number];
    return counts === undefined ? [] : [[name, hitResult(counts)] as const];
  });
  return {
    kind: 'cache',
    policy: result.policy,
    asked_size: size.asked,
    pool_size: size.bytes,
    pool_pages: size.pages,
    ...hitResult(result.total),
    tenants: Object.fromEntries(tenants),
  };
}

function latencyResult(histogram: LatencyHistogram): LatencyResult {
  return {
    count: histogram.count,
    mean_us: histogram.meanUs,
    p50_us: histogram.percentileUs(0.5),
    p90_us: histogram.percentileUs(0.9),
    p99_us: histogram.percentileUs(0.99),
    p999_us: histogram.percentileUs(0.999),
    max_us: histogram.maxUs,
  };
}

function engineResult(replay: Replay, run: EngineRun): EngineResult {
  const { figures, world, size } = run;
  const { zswap } = world;
  const { rejects, ...counters } = zswap.stats;
  const { means, tiers } = figures;
  const references = Object.values(tiers).reduce((sum, count) => sum + count, 0);
  return {
    kind: 'engine',
    policy: run.policy,
    compressor: run.compressor,
    asked_size: size.asked,
    pool_size: size.bytes,
    pool_pages: size.pages,
    miss_ratio: references === 0 ? 0 : tiers.device / references,
    references,
    tiers: { ...tiers },
    zswap: { ...counters, pool_total_size: zswap.poolTotalSize },
    rejects: { ...rejects },
    vmstat: { ...zswap.swap.vmstat },
    pool_size_peak: figures.poolBytesPeak,
    pool_size_mean: means.poolBytes,
    stored_pages_mean: means.storedPages,
    compression_ratio:
      means.poolBytes === 0 ? 0 : (means.storedPages * PAGE_SIZE) / means.poolBytes,
    refused_writes: figures.refusedWrites,
    wrong_reads: figures.wrongReads,
    seconds: world.rt.nowUs / 1e6,
    fault_latency: latencyResult(figures.faultLatency),
    zswap_latency: latencyResult(figures.zswapLatency),
    device_latency: latencyResult(figures.deviceLatency),
    write_latency: latencyResult(figures.writeLatency),
    fault_histogram: figures.faultLatency
      .bins()
      .map(({ upToUs, count }) => ({ up_to_us: upToUs, count })),
    tenants: tenantResults(replay, run),
    samples: figures.samples.map((sample) => ({
      reference: sample.reference,
      seconds: sample.seconds,
      pool_total_size: sample.poolBytes,
      stored_pages: sample.storedPages,
      device_pages: sample.devicePages,
      written_back_pages: sample.writtenBack,
      tiers: sample.tiers,
    })),
  };
}

function tenantResults(
  { read }: Replay,
  { figures, world }: EngineRun,
): Readonly<Record<string, TenantResult>> {
  const rows = namedTenants(read.trace).flatMap(([name, number]) => {
    const memcg = world.disks[number]?.area.memcg;
    const tiers = figures.tenantTiers[number];
    if (memcg === undefined || tiers === undefined) return [];
    const result: TenantResult = {
      tiers: { ...tiers },
      events: { ...memcg.events },
      'memory.zswap.current': memcg.zswapCurrent,
      zswapped: memcg.zswappedPages * PAGE_SIZE,
    };
    return [[name, result] as const];
  });
  return Object.fromEntries(rows);
}
