/**
 * What Linux's own compressors make of a page that ours made something of. The formats are the
 * same, the search for matches is not: ours finds a little more. So a prediction for the kernel's
 * zswap or zram takes our length to theirs by a line that was fitted to pages of real processes,
 * which `docs/estimate.md` tells how to repeat.
 */
import { PAGE_SIZE } from '../std/units.ts';

/** `theirs = slope * ours + offset`, in bytes. */
interface Line {
  readonly slope: number;
  readonly offset: number;
}

/** By compressor, at the level that the kernel uses. */
const LINES: ReadonlyMap<string, Line> = new Map([
  ['lz4', { slope: 1.0014, offset: 18.6 }],
  ['lzo', { slope: 0.9714, offset: 63.1 }],
  ['lzo-rle', { slope: 0.9833, offset: 74.1 }],
  // The frame's header, which is stored with each page there and not here.
  ['zstd', { slope: 1, offset: 7 }],
  ['deflate', { slope: 1, offset: 0 }],
]);

/** Whether Linux has this compressor at this level, so that there is something to predict. */
export function isKernelCompressor(spec: string): boolean {
  return LINES.has(spec);
}

/** The length that the kernel's compressor would give, 1..4096; 4096 is kept raw there as well. */
export function kernelLength(spec: string, length: number): number {
  const line = LINES.get(spec);
  if (line === undefined || length >= PAGE_SIZE) return length;
  const theirs = Math.round(line.slope * length + line.offset);
  return Math.min(Math.max(theirs, 1), PAGE_SIZE - 1);
}
