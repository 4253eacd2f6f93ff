/** Opening a cache: a machine of its own, and the cache on that. */
import { checkName, bytesOf } from '../machine/check.ts';
import { openOwnMachine, type OpenMachine } from '../machine/machine.ts';
import type { MachineOptions, Size } from '../machine/api.ts';
import { ZswapError } from '../std/error.ts';
import { MIB, PAGE_SIZE } from '../std/units.ts';
import { BIOS_IN_FLIGHT_MAX } from '../swap/bio-pool.ts';
import { BIO_PAGES } from '../swap/device/device.ts';
import { openCacheOn, type Cache, type CacheLimits } from './cache.ts';
import { MachineHost } from './space/machine-host.ts';

/** The least that `maxBytes` may be, without a disk and with one, whose buffers count too. */
export const OPEN_BYTES_MIN: number = 4 * MIB;
export const OPEN_BYTES_MIN_SPILL: number = 8 * MIB;

/** The part of the RAM that buffers of the disk may take. */
const BIOS_PART = 16;
/** Those that hold one may need another to go on. */
const BIOS_MIN = 8;
/** Readahead of as many pages as a segment has: they were set together. Log2. */
const PAGE_CLUSTER = 2;
/** Of the pool's limit; with a disk there are batches to be written once it is full. */
const ACCEPT_PERCENT_SPILL = 90;

/** A file, or a block device, for what does not fit into RAM. */
export interface CacheSpill {
  /**
   * What is on it when the cache is opened is never read. It is taken if it is new, empty, or was a
   * swap device of this package; other data is left alone and is an error.
   */
  readonly path: string;
  /** What it may hold. The file is a hole at first, and 8 MiB larger. */
  readonly bytes: Size;
}

export interface OpenCacheOptions extends CacheLimits {
  /** Default: none, and what does not fit into RAM is evicted. */
  readonly spill?: CacheSpill;
  /** `NAME` or `NAME:LEVEL`, as `zswapd compressors` lists them. Default `lz4`. */
  readonly compressor?: string;
}

/**
 * Opens an empty cache.
 *
 * @throws TypeError or RangeError for an option that cannot be; `ZswapError` for a compressor or a
 *   disk that cannot be had. Nothing stays open then.
 */
export async function openCache(options: OpenCacheOptions): Promise<Cache> {
  const least = options.spill === undefined ? OPEN_BYTES_MIN : OPEN_BYTES_MIN_SPILL;
  if (!(options.maxBytes >= least)) throw new RangeError(`maxBytes is at least ${least} here`);
  const biosMax = Math.floor(options.maxBytes / BIOS_PART / (BIO_PAGES * PAGE_SIZE));
  const biosInFlight = Math.min(Math.max(biosMax, BIOS_MIN), BIOS_IN_FLIGHT_MAX);
  const machine = await openEmpty(options, biosInFlight);
  const host = new MachineHost(machine, biosInFlight);
  try {
    return await openCacheOn(host, options);
  } catch (error) {
    await host.close();
    throw error;
  }
}

async function openEmpty(options: OpenCacheOptions, biosInFlight: number): Promise<OpenMachine> {
  const { maxBytes, spill, compressor } = options;
  const base: MachineOptions = {
    // The host divides the RAM anew as soon as there is a region to divide it among.
    memory: Math.floor(maxBytes / PAGE_SIZE) * PAGE_SIZE,
    pageCluster: PAGE_CLUSTER,
    pool: {
      acceptThresholdPercent: spill === undefined ? 100 : ACCEPT_PERCENT_SPILL,
      ...(compressor === undefined ? {} : { compressor }),
    },
  };
  if (spill === undefined) return await openOwnMachine(base, {});
  checkName('spill.path', spill.path);
  const device = { path: spill.path, size: bytesOf('spill.bytes', spill.bytes) };
  const open = (reset: boolean): Promise<OpenMachine> =>
    openOwnMachine({ ...base, swap: [{ ...device, reset }] }, { biosInFlight });
  try {
    return await open(false);
  } catch (error) {
    // A cache that was not closed has lost nothing that could be had again.
    if (!(error instanceof ZswapError) || error.code !== 'ZSWAP_DEVICE_UNCLEAN') throw error;
    return await open(true);
  }
}
