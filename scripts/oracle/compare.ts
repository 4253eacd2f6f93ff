/** A prediction beside what the kernel did, figure by figure. */
import type { CompressorEstimate } from '../../src/estimate/estimate.ts';

/** A line of `test/e2e/kernel-pool.sh`, which says how the figures were taken. */
export interface KernelPool {
  readonly kernel: 'zswap' | 'zram';
  readonly compressor: string;
  readonly pages: number;
  readonly pool_total_size: number;
  /** Of zswap. */
  readonly stored_pages?: number;
  readonly stored_incompressible_pages?: number;
  readonly swpout_zero?: number;
  /** Of zram. */
  readonly same_filled_pages?: number;
  readonly huge_pages?: number;
}

/** One figure of both. */
export interface Comparison {
  readonly what: string;
  readonly predicted: number;
  readonly kernel: number;
  /** How far they may be apart, as a share of the kernel's; 0: not at all. */
  readonly tolerance: number;
}

/** Share of the kernel's figure that a prediction may be off. */
export const TOLERANCE = 0.03;

/** Whether a prediction is near enough. */
export function isNear({ predicted, kernel, tolerance }: Comparison): boolean {
  return Math.abs(predicted - kernel) <= tolerance * kernel;
}

/** By how much a prediction is off, as a share of the kernel's figure. */
export function difference({ predicted, kernel }: Comparison): number {
  return kernel === 0 ? predicted : (predicted - kernel) / kernel;
}

/** What can be compared of one compressor. */
export function compare(estimate: CompressorEstimate, pool: KernelPool): readonly Comparison[] {
  const { kernel } = estimate;
  if (kernel === undefined) return [];
  const figure = (what: string, predicted: number, measured = 0, tolerance = 0): Comparison => ({
    what,
    predicted,
    kernel: measured,
    tolerance,
  });
  if (pool.kernel === 'zram') {
    return [
      figure('same-filled pages', estimate.sameFilledPages, pool.same_filled_pages),
      figure('incompressible pages', kernel.zramHugePages, pool.huge_pages, TOLERANCE),
      figure('pool size', kernel.zramMemUsed, pool.pool_total_size, TOLERANCE),
    ];
  }
  const raw = pool.stored_incompressible_pages;
  // A page that the kernel brings in again before it is asked is not stored any more.
  const stored = estimate.pages - estimate.zeroPages;
  return [
    figure('zero pages', estimate.zeroPages, pool.swpout_zero),
    figure('stored pages', stored, pool.stored_pages, TOLERANCE),
    figure('incompressible pages', kernel.zswapIncompressiblePages, raw, TOLERANCE),
    figure('pool size', kernel.zswapPoolBytes, pool.pool_total_size, TOLERANCE),
  ];
}
