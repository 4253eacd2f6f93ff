/** What an engine is opened with, and what holds where it does not say. */
import { checkExport, type EngineExport } from '../../blk/export-table.ts';
import { DEFAULT_COMPRESSOR } from '../../codec/registry.ts';
import type { PoolSharing } from '../../engine/stack.ts';
import type { ShrinkerPolicy } from '../../memcg/shrinker-policy.ts';
import type { DiskTrace } from '../../blk/disk-trace.ts';
import { SILENT } from '../../std/tracepoint.ts';
import type { ZpoolName } from '../../zpool/open.ts';
import type { EngineConfig } from '../config.ts';

/** What an engine is opened with. */
export interface EngineOptions {
  /** With different names; over NBD the first is also the one with the empty name. */
  readonly exports: readonly EngineExport[];
  /** Limit of the pool for all exports together. Default 20 percent of the machine's memory. */
  readonly poolLimit?: EngineConfig['poolLimit'];
  /** Percent of the limit at which a full pool accepts again. Default 90. */
  readonly acceptThresholdPercent?: number;
  readonly shrinkerEnabled?: boolean;
  /** What the shrinker takes for warm. Default `second_chance`. */
  readonly shrinkerPolicy?: ShrinkerPolicy;
  /** `NAME` or `NAME:LEVEL`. Default `lz4`. */
  readonly compressor?: string;
  /** Path of a file or block device for pages that the pool refuses. Default: none. */
  readonly spill?: string | undefined;
  /** False: pages go to the device, and the pool takes no new ones. Default true. */
  readonly enabled?: boolean;
  readonly zpool?: ZpoolName;
  /** Start over a device that was not closed cleanly. Default false. */
  readonly reset?: boolean;
  /** Gets each request of an export that has ended. Default: nobody. */
  readonly trace?: DiskTrace;
  /** Engines that share the pool's limit. Default: none. */
  readonly sharing?: PoolSharing | undefined;
  /** Bytes of exports that a spill file is made for. Default: those of `exports`. */
  readonly spillFor?: number | undefined;
}

const DEFAULTS = {
  poolLimit: { kind: 'percent', percent: 20 },
  acceptThresholdPercent: 90,
  shrinkerEnabled: false,
  shrinkerPolicy: 'second_chance',
  compressor: DEFAULT_COMPRESSOR,
  spill: undefined,
  enabled: true,
  zpool: 'zsmalloc',
  reset: false,
  trace: SILENT,
  sharing: undefined,
  spillFor: undefined,
} as const;

/**
 * Fills in the defaults.
 *
 * @throws TypeError or RangeError for exports that cannot be
 */
export function withDefaults(options: EngineOptions): Required<EngineOptions> {
  const config = { ...DEFAULTS, ...options };
  checkExports(config.exports);
  return config;
}

function checkExports(exports: readonly EngineExport[]): void {
  const names = new Set<string>();
  for (const each of exports) {
    if (names.has(each.name)) throw new TypeError(`two exports are named ${each.name}`);
    names.add(each.name);
    checkExport(each);
  }
}
