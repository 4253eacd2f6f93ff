/**
 * Changing parameters of a running engine by name: the kernel's parameters, and the cgroup files of
 * groups. A bad name or value changes nothing and says what is taken.
 */
import { parseCompressor } from '../codec/registry.ts';
import type { Memcg } from '../memcg/memcg.ts';
import { SHRINKER_POLICIES } from '../memcg/shrinker-policy.ts';
import { ZswapError } from '../std/error.ts';
import { parseSize } from '../std/size.ts';
import { ZPOOLS, type ZpoolName } from '../zpool/open.ts';
import type { ZswapParams } from '../zswap/params.ts';

/** Cgroup files that can be written. */
export type GroupFile = 'memory.max' | 'memory.zswap.max' | 'memory.zswap.writeback';

/** The groups whose files can be written, and what their users call them. */
export interface SettableGroups {
  readonly noun: string;
  readonly files: readonly GroupFile[];
  find(name: string): Memcg | undefined;
}

/** What can be set. */
export interface Settable {
  readonly params: ZswapParams;
  readonly groups: SettableGroups;
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

const FILE_SETTERS: Readonly<Record<GroupFile, (memcg: Memcg, value: string) => string>> = {
  'memory.max': (memcg, value) => {
    memcg.setMemoryMax(parseLimit('memory.max', value));
    return formatLimit(memcg.memoryMax);
  },
  'memory.zswap.max': (memcg, value) => {
    memcg.setZswapMax(parseLimit('memory.zswap.max', value));
    return formatLimit(memcg.zswapMax);
  },
  'memory.zswap.writeback': (memcg, value) => {
    memcg.setWriteback(parseFlag('memory.zswap.writeback', value));
    return memcg.writeback ? '1' : '0';
  },
};

/**
 * Sets a parameter, or with `GROUP:FILE` a cgroup file of a group.
 *
 * @returns the value in force then
 * @throws TypeError, RangeError or `ZSWAP_CODEC` in one sentence; nothing has changed then
 */
export async function setParameter(target: Settable, name: string, value: string): Promise<string> {
  const colon = name.lastIndexOf(':');
  if (colon > 0) {
    return setOfGroup(target.groups, name.slice(0, colon), name.slice(colon + 1), value);
  }
  const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
  if (setter !== undefined) return await setter(target, value, name);
  const { noun, files } = target.groups;
  const ofGroups = listed(files.map((file) => `NAME:${file}`));
  throw new TypeError(
    `unknown parameter ${name}: there are ${Object.keys(SETTERS).join(', ')}, ` +
      `and of ${articleOf(noun)} ${noun} ${ofGroups}`,
  );
}

function setOfGroup(groups: SettableGroups, name: string, file: string, value: string): string {
  const { noun } = groups;
  const memcg = groups.find(name);
  if (memcg === undefined) throw new RangeError(`there is no ${noun} named ${name}`);
  const known = groups.files.find((candidate) => candidate === file);
  if (known !== undefined) return FILE_SETTERS[known](memcg, value);
  throw new TypeError(
    `unknown parameter ${file} of ${articleOf(noun)} ${noun}: there are ${listed(groups.files)}`,
  );
}

function listed(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].join(' and ');
}

function articleOf(noun: string): string {
  return /^[aeiou]/.test(noun) ? 'an' : 'a';
}

function parseLimit(name: string, value: string): number {
  return value === 'max' ? Infinity : parseBytes(name, value);
}

function formatLimit(bytes: number): string {
  return bytes === Infinity ? 'max' : String(bytes);
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
