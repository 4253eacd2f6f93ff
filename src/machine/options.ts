/**
 * What a machine's options ask for: checked, with what is said of nothing filled in, and turned
 * into what the engine and the device are opened with. Nothing is open before all of it is good,
 * but for a codec that needs to be loaded.
 */
import { DEFAULT_COMPRESSOR } from '../codec/registry.ts';
import { openWarmCodec } from '../codec/warm-up.ts';
import { openSpill } from '../engine/spill.ts';
import type { StackOptions } from '../engine/stack.ts';
import { SHRINKER_POLICIES } from '../memcg/shrinker-policy.ts';
import type { NodeRt } from '../rt/rt-node.ts';
import { PAGE_SIZE, pagesOf } from '../std/units.ts';
import { Backing } from '../swap/backing.ts';
import { ZPOOLS } from '../zpool/open.ts';
import type { MachineOptions, SwapDeviceOptions } from './api.ts';
import { bytesOf, checkName, checkWhole, checkWord } from './check.ts';

/** Fewer would leave none to reclaim while a fault needs some. */
const FRAMES_MIN = 16;
const FRAMES_MAX = 2 ** 28 - 512;
/** Order of the largest folio, and of the largest readahead window. */
export const ORDER_MAX = 9;

/** What only the parts of this package that are made of a machine may say. */
export interface MachineInternals {
  /** Device requests under way at most; each has a buffer. */
  readonly biosInFlight?: number;
}

/** What the engine below a machine is made with. */
export async function stackOptions(options: MachineOptions, rt: NodeRt): Promise<StackOptions> {
  const { pool = {}, pageCluster = 3, swapinMode = 'cache', largeSwapin = 'mixed' } = options;
  const { zpool = 'zsmalloc', acceptThresholdPercent = 90, compressor = DEFAULT_COMPRESSOR } = pool;
  const { shrinkerPolicy = 'second_chance' } = pool;
  const memory = bytesOf('memory', options.memory);
  checkWhole('memory in pages', Math.floor(memory / PAGE_SIZE), FRAMES_MIN, FRAMES_MAX);
  checkWord('pool.zpool', zpool, ZPOOLS);
  checkWord('pool.shrinkerPolicy', shrinkerPolicy, SHRINKER_POLICIES);
  checkWhole('pool.acceptThresholdPercent', acceptThresholdPercent, 0, 100);
  checkWhole('pageCluster', pageCluster, 0, ORDER_MAX);
  checkWord('swapinMode', swapinMode, ['cache', 'direct']);
  checkWord('largeSwapin', largeSwapin, ['mixed', 'never-with-zswap']);
  return {
    poolLimit: { kind: 'bytes', bytes: bytesOf('pool.limit', pool.limit ?? memory) },
    totalRamPages: Math.floor(memory / PAGE_SIZE),
    acceptThresholdPercent,
    shrinkerEnabled: pool.shrinkerEnabled ?? false,
    shrinkerPolicy,
    enabled: pool.enabled ?? true,
    codec: await openWarmCodec(compressor, rt),
    zpool,
  };
}

/** The devices to swap to: none or one. */
export function deviceOptions({ swap = [] }: MachineOptions): readonly SwapDeviceOptions[] {
  if (!Array.isArray(swap)) throw new TypeError('swap must be an array of devices');
  if (swap.length > 1) throw new RangeError(`swap has ${swap.length} devices; one is supported`);
  return swap as readonly SwapDeviceOptions[];
}

/** Throws for a device that cannot be. */
export function checkDevice({ path, size }: SwapDeviceOptions): void {
  checkName('swap path', path);
  if (size !== undefined && bytesOf('swap size', size) < PAGE_SIZE) {
    throw new RangeError(`swap size must be a page at least, not ${size}`);
  }
}

/** Opens a device. A file without a size would have none; a block device has one. */
export async function openBacking(
  device: SwapDeviceOptions,
  rt: NodeRt,
  { biosInFlight }: MachineInternals = {},
): Promise<Backing> {
  const { path, size = '64GiB', reset = false } = device;
  const pages = pagesOf(bytesOf('swap size', size));
  return new Backing(
    await openSpill({ path, pages, leastPages: pages, reset }, rt),
    rt,
    biosInFlight,
  );
}
