/**
 * What Linux's own compressors make of a page, for a prediction of its zswap and zram: from
 * the search of each, which is written down beside this file. Only zstd, the same library there
 * and here, is what ours makes of it.
 */
import { PAGE_SIZE } from '../../std/units.ts';
import { kernelDeflateLength } from './deflate-length.ts';
import { kernelLz4Length } from './lz4-length.ts';
import { kernelLzoLength } from './lzo-length.ts';

/** Bytes of a frame's header of zstd, which the kernel stores with each page and we do not. */
const ZSTD_HEADER_BYTES = 7;

/** The kernel's length of a page, from its bytes and our length of it. */
type KernelLength = (page: Uint8Array, ours: number) => number;

/** By compressor, at the level that the kernel uses. */
const LENGTHS: ReadonlyMap<string, KernelLength> = new Map<string, KernelLength>([
  ['lz4', (page): number => kernelLz4Length(page)],
  ['lzo', (page): number => kernelLzoLength(page, false)],
  ['lzo-rle', (page): number => kernelLzoLength(page, true)],
  ['zstd', (_, ours): number => ours + ZSTD_HEADER_BYTES],
  ['deflate', (page): number => kernelDeflateLength(page)],
]);

/** Whether Linux has this compressor at this level, so that there is something to predict. */
export function isKernelCompressor(spec: string): boolean {
  return LENGTHS.has(spec);
}

/** Bytes that the kernel stores of a page that is not zero: 1..4095, or 4096, the page itself. */
export function kernelLength(spec: string, page: Uint8Array, ours: number): number {
  const length = LENGTHS.get(spec)?.(page, ours) ?? ours;
  return Math.min(length, PAGE_SIZE);
}
