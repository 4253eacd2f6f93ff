/**
 * The contract of a simulated cache: pages of one size, a number of them at most, and for each
 * reference whether the page was there. Every policy takes in what it misses, as demand paging
 * does, and forgets what is trimmed.
 *
 * Policies work on whole blocks of references, so that none costs a call for each. Their state is
 * columns indexed by object, or by place in the cache; nothing is made for a reference.
 */
import type { ReferenceBlock } from '../references.ts';

export interface CachePolicy {
  /** Pages held now, at most the capacity. */
  readonly length: number;
  /**
   * Goes over a block, in the order of the trace.
   *
   * @param hits - by reference: 1 if the page was there, else 0 (a trim always)
   */
  run(block: ReferenceBlock, hits: Uint8Array): void;
}

/** The names of the simulated policies, the bound last. */
export const SIMULATED_POLICIES = ['lru', 'fifo', 'sieve', 's3-fifo', 'belady'] as const;

export type SimulatedPolicy = (typeof SIMULATED_POLICIES)[number];
