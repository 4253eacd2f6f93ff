/** What a pool of compressed pages is worth: how much memory it holds beyond its own size. */
import { PAGE_SIZE } from '../std/units.ts';
import type { CompressorEstimate } from './estimate.ts';

/**
 * Bytes of pages that a full pool of `poolBytes` holds. Zero pages do not count: they take no room
 * and gain the same with any compressor.
 */
export function heldBytes(estimate: CompressorEstimate, poolBytes: number): number {
  const { poolBytesPerPage } = estimate;
  if (poolBytesPerPage === 0) return 0;
  return Math.floor(poolBytes / poolBytesPerPage) * PAGE_SIZE;
}

/** What a full pool gains: the memory that its pages took, less its own; below 0 it loses. */
export function memoryGained(estimate: CompressorEstimate, poolBytes: number): number {
  return estimate.poolBytesPerPage === 0 ? 0 : heldBytes(estimate, poolBytes) - poolBytes;
}
