/** What a replay is to try: policies, sizes of the pool, compressors, the machine around them. */
import type { ShrinkerPolicy } from '../memcg/shrinker-policy.ts';
import { formatSize, parseSize } from '../std/size.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { ZpoolName } from '../zpool/open.ts';
import type { ReadTrace } from './read-trace.ts';
import type { DeviceLatency } from './machine/device-model.ts';
import type { PageProfile } from './machine/profile.ts';
import type { CodecCost } from './machine/sized-page.ts';
import { SIMULATED_POLICIES, type SimulatedPolicy } from './policy/policy.ts';

/** A size of memory, of itself or as a share of all that the trace references. */
export type MemorySize =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'percent'; readonly percent: number };

/** The engine's policies by the names of its parameter, then the simulated ones. */
export type ReplayPolicy = ShrinkerPolicy | SimulatedPolicy;

export const ENGINE_POLICIES: readonly ShrinkerPolicy[] = ['second_chance', 'protected'];
export const REPLAY_POLICIES: readonly ReplayPolicy[] = [...ENGINE_POLICIES, ...SIMULATED_POLICIES];

export const MEMORY_SIZE_FORM = 'bytes, 512K, 64M, 1G, pages as 1000p, or a share as 10%';

/** @throws RangeError that says what is taken */
export function parseMemorySize(text: string): MemorySize {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (share !== null) {
    const percent = Number(share[1]);
    if (percent > 0 && percent <= 1000) return { kind: 'percent', percent };
  }
  const pages = /^(\d{1,10})p$/.exec(text);
  const bytes = pages === null ? sizeOrNothing(text) : Number(pages[1]) * PAGE_SIZE;
  if (bytes !== undefined && bytes > 0) return { kind: 'bytes', bytes };
  throw new RangeError(`'${text}' is not a size of memory; it takes ${MEMORY_SIZE_FORM}`);
}

function sizeOrNothing(text: string): number | undefined {
  try {
    return parseSize(text);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Bytes of a size, of a footprint of so many pages; at least one page. */
export function bytesOf(size: MemorySize, footprintPages: number): number {
  const bytes =
    size.kind === 'bytes' ? size.bytes : (size.percent / 100) * footprintPages * PAGE_SIZE;
  return Math.max(PAGE_SIZE, Math.floor(bytes));
}

export function formatMemorySize(size: MemorySize): string {
  return size.kind === 'percent' ? `${size.percent}%` : formatSize(size.bytes);
}

export interface ReplayPlan {
  readonly policies: readonly ReplayPolicy[];
  readonly poolSizes: readonly MemorySize[];
  readonly compressors: readonly string[];
  /** Page frames above the pool; not used for what was recorded at a swap device. */
  readonly frames: MemorySize;
  readonly zpool: ZpoolName;
  readonly acceptThresholdPercent: number;
  readonly enabled: boolean;
  readonly shrinkerEnabled: boolean;
  /** Undefined: none. */
  readonly device: DeviceLatency | undefined;
  /** Undefined: room for all pages of the trace. */
  readonly deviceBytes: number | undefined;
  readonly profile: PageProfile;
  /** By compressor; one that is not here costs what it does on the machine of the table. */
  readonly costs?: ReadonlyMap<string, CodecCost>;
  /** What the sizes in the trace were compressed with; undefined: not known. */
  readonly recordedCompressor: string | undefined;
  readonly seed: number;
}

const DEFAULT_POOL_PERCENTS = [5, 10, 20, 40];
const DEFAULT_FRAME_PERCENT = 25;

type Defaults = Omit<ReplayPlan, 'profile' | 'costs' | 'device'>;

/** A recording is replayed with the settings it was made with; others with the daemon's own. */
export function defaultsOf({ trace, format }: ReadTrace, compressor: string): Defaults {
  const parameters = trace.facts?.parameters;
  const recorded = (name: string): string | number | boolean | undefined => parameters?.[name];
  const text = (name: string): string | undefined => {
    const value = recorded(name);
    return typeof value === 'string' ? value : undefined;
  };
  const number = (name: string): number | undefined => {
    const value = recorded(name);
    return typeof value === 'number' ? value : undefined;
  };
  const poolSize = number('pool_size');
  const recordedCompressor = text('compressor');
  const policy = ENGINE_POLICIES.find((name) => name === text('shrinker_policy'));
  return {
    policies: policy === undefined ? REPLAY_POLICIES : [policy, ...SIMULATED_POLICIES],
    poolSizes:
      poolSize === undefined
        ? DEFAULT_POOL_PERCENTS.map((percent) => ({ kind: 'percent', percent }))
        : [{ kind: 'bytes', bytes: poolSize }],
    compressors: [recordedCompressor ?? compressor],
    frames: { kind: 'percent', percent: DEFAULT_FRAME_PERCENT },
    zpool: (text('zpool') ?? 'zsmalloc') as ZpoolName,
    acceptThresholdPercent: number('accept_threshold_percent') ?? 90,
    enabled: recorded('enabled') !== false,
    // Memory that is short of frames presses on the pool; a swap device knows nothing of it.
    shrinkerEnabled: parameters
      ? recorded('shrinker_enabled') === true
      : format.traffic === 'memory',
    deviceBytes: number('spill_size'),
    recordedCompressor,
    seed: 1,
  };
}
