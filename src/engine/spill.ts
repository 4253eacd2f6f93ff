/**
 * Opening the backing swap device that a path names: a block device as it is, or a file with as
 * much room as is asked for.
 */
import { statSync } from 'node:fs';
import type { Rt } from '../rt/rt.ts';
import { ZswapError } from '../std/error.ts';
import { BIOS_IN_FLIGHT_MAX } from '../swap/bio-pool.ts';
import { BIO_PAGES } from '../swap/device/device.ts';
import { openFileDevice, type FileDevice } from '../swap/device/device-file.ts';
import { DEVICE_PAGES_MAX } from '../swap/table.ts';

/**
 * Pages that a spill file has beyond those asked for: an overwritten page keeps its old place until
 * the new one is acknowledged, so as many as can be in flight may be held twice.
 */
const OUT_OF_PLACE_PAGES = BIOS_IN_FLIGHT_MAX * BIO_PAGES;

export interface SpillOptions {
  readonly path: string;
  /** Pages of a file; a block device has what it has. */
  readonly pages: number;
  /** What is needed at least, where the file system has no files as large as `pages`. */
  readonly leastPages: number;
  /** Start over a device that was not closed cleanly. */
  readonly reset: boolean;
}

/** @throws ZswapError if the device cannot be had; nothing stays open then */
export async function openSpill(options: SpillOptions, rt: Rt): Promise<FileDevice> {
  const { path, reset, pages, leastPages } = options;
  if (isBlockDevice(path)) return openFileDevice({ path, pageCount: 0, reset, rt });
  const open = (count: number): Promise<FileDevice> => {
    const pageCount = Math.min(count, DEVICE_PAGES_MAX) + OUT_OF_PLACE_PAGES;
    return openFileDevice({ path, pageCount, reset, rt });
  };
  try {
    return await open(pages);
  } catch (error) {
    const isTooLarge = error instanceof ZswapError && error.code === 'ZSWAP_DEVICE_OPEN';
    if (!isTooLarge || leastPages === pages) throw error;
    return open(leastPages);
  }
}

function isBlockDevice(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isBlockDevice() ?? false;
}
