/**
 * Changing parameters of a running engine by name, as `zswapd set` does: the kernel's parameters,
 * and of an export its cgroup files. A bad name or value changes nothing and says what is taken.
 */
import type { SwapDisk } from '../../blk/swap-disk.ts';
import { parseCompressor } from '../../codec/registry.ts';
import { SHRINKER_POLICIES } from '../../memcg/shrinker-policy.ts';
import { ZswapError } from '../../std/error.ts';
import { ZPOOLS, type ZpoolName } from '../../zpool/open.ts';
import type { ZswapParams } from '../../zswap/params.ts';
import { parseSize } from '../options/values.ts';

/** What can be set. */
export interface Settable {
  readonly params: ZswapParams;
  readonly exports: readonly SwapDisk[];
  /** The compressor and allocator for new pages. */
  pool(): { readonly compressor: string; readonly zpool: ZpoolName };
  switchPool(compressor: string, zpool: ZpoolName): Promise<void>;
}

type Setter = (target: Settable, value: string, name: string) => string | Promise<string>;

const SETTERS: Readonly<Record<string, Setter>> = {
  enabled: ({ params }, value, name) => {
    params.enabled = parseFlag(name, value);
    return formatFlag(params.enabled);
  },
  compressor: async (target, value, name) => {
    checkCompressor(name, value);
    await target.switchPool(value, target.pool().zpool);
    return target.pool().compressor;
  },
  zpool: async (target, value, name) => {
    await target.switchPool(target.pool().compressor, parseOneOf(ZPOOLS, name, value));
    return target.pool().zpool;
  },
  max_pool_percent: ({ params }, value, name) => {
    params.maxPoolPercent = parseWhole(name, value);
    return String(params.maxPoolPercent);
  },
  pool_size: ({ params }, value, name) => {
    params.poolBytes = parseBytes(name, value);
    return String(params.poolBytes);
  },
  accept_threshold_percent: ({ params }, value, name) => {
    params.acceptThresholdPercent = parseWhole(name, value);
    return String(params.acceptThresholdPercent);
  },
  shrinker_enabled: ({ params }, value, name) => {
    params.shrinkerEnabled = parseFlag(name, value);
    return formatFlag(params.shrinkerEnabled);
  },
  shrinker_policy: ({ params }, value, name) => {
    params.shrinkerPolicy = parseOneOf(SHRINKER_POLICIES, name, value);
    return params.shrinkerPolicy;
  },
};

/**
 * Sets a parameter, or with `EXPORT:FILE` a cgroup file of an export.
 *
 * @returns the value in force then
 * @throws TypeError, RangeError or `ZSWAP_CODEC` in one sentence; nothing has changed then
 */
export async function setParameter(target: Settable, name: string, value: string): Promise<string> {
  const colon = name.lastIndexOf(':');
  if (colon > 0) return setOfExport(target, name.slice(0, colon), name.slice(colon + 1), value);
  const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
  if (setter !== undefined) return await setter(target, value, name);
  throw new TypeError(
    `unknown parameter ${name}: there are ${Object.keys(SETTERS).join(', ')}, ` +
      'and of an export NAME:memory.zswap.max and NAME:memory.zswap.writeback',
  );
}

function setOfExport(target: Settable, exportName: string, file: string, value: string): string {
  const disk = target.exports.find((candidate) => candidate.name === exportName);
  if (disk === undefined) throw new RangeError(`there is no export named ${exportName}`);
  const { memcg } = disk.area;
  if (file === 'memory.zswap.max') {
    memcg.setZswapMax(value === 'max' ? Infinity : parseBytes(file, value));
    return memcg.zswapMax === Infinity ? 'max' : String(memcg.zswapMax);
  }
  if (file === 'memory.zswap.writeback') {
    memcg.setWriteback(parseFlag(file, value));
    return memcg.writeback ? '1' : '0';
  }
  throw new TypeError(
    `unknown parameter ${file} of an export: there are memory.zswap.max and ` +
      'memory.zswap.writeback',
  );
}

function parseFlag(name: string, value: string): boolean {
  if (['1', 'Y', 'y', 'true'].includes(value)) return true;
  if (['0', 'N', 'n', 'false'].includes(value)) return false;
  throw new TypeError(`${name} takes 1 or 0 (Y or N), not ${value}`);
}

function formatFlag(value: boolean): string {
  return value ? 'Y' : 'N';
}

function parseWhole(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new TypeError(`${name} takes a whole number, not ${value}`);
  return Number(value);
}

function parseBytes(name: string, value: string): number {
  try {
    return parseSize(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${name}: ${error.message}`, { cause: error });
  }
}

/** A name or level that there is not is the caller's mistake, unlike a codec that does not load. */
function checkCompressor(name: string, value: string): void {
  try {
    parseCompressor(value);
  } catch (error) {
    if (!(error instanceof ZswapError)) throw error;
    throw new RangeError(`${name}: ${error.message}`, { cause: error });
  }
}

function parseOneOf<T extends string>(names: readonly T[], parameter: string, value: string): T {
  const name = names.find((candidate) => candidate === value);
  if (name === undefined)
    throw new TypeError(`${parameter} takes ${names.join(', ')}, not ${value}`);
  return name;
}
