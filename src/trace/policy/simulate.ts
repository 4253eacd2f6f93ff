/** Runs a simulated cache over a trace and counts what it hits, in all and for each tenant. */
import { OP_TRIM, OP_WRITE } from '../record.ts';
import { BLOCK_REFERENCES, type ReferenceTrace } from '../references.ts';
import { createBelady, type NextUses } from './belady.ts';
import { createFifo, createLru } from './lru.ts';
import type { CachePolicy, SimulatedPolicy } from './policy.ts';
import { createS3Fifo } from './s3-fifo.ts';
import { createSieve } from './sieve.ts';

/** Counts of one tenant, or of all. Trims are no references. */
export interface HitCounts {
  references: number;
  hits: number;
  readMisses: number;
  writeMisses: number;
}

export interface SimulationResult {
  readonly policy: SimulatedPolicy;
  /** Pages the cache may hold. */
  readonly capacity: number;
  readonly total: HitCounts;
  /** By tenant number. */
  readonly tenants: readonly HitCounts[];
}

/** What a simulation may share with others of the same trace. */
export interface SimulationOptions {
  /** For Belády's: found once for all sizes. */
  readonly nextUses?: NextUses | undefined;
  /** Called after each block with the references done. */
  readonly onProgress?: ((references: number) => void) | undefined;
}

/** @param capacity - pages, 1 or more */
export function simulate(
  trace: ReferenceTrace,
  policy: SimulatedPolicy,
  capacity: number,
  options: SimulationOptions = {},
): SimulationResult {
  const cache = createPolicy(trace, policy, capacity, options.nextUses);
  const tenants = trace.tenants.map(createCounts);
  const hits = new Uint8Array(BLOCK_REFERENCES);
  let done = 0;
  for (const block of trace.blocks) {
    cache.run(block, hits);
    for (let at = 0; at < block.count; at += 1) {
      const op = block.ops[at];
      const counts = tenants[block.tenants[at] ?? 0];
      if (op === OP_TRIM || counts === undefined) continue;
      counts.references += 1;
      if (hits[at] === 1) counts.hits += 1;
      else if (op === OP_WRITE) counts.writeMisses += 1;
      else counts.readMisses += 1;
    }
    done += block.count;
    options.onProgress?.(done);
  }
  return { policy, capacity, total: sumCounts(tenants), tenants };
}

function createPolicy(
  trace: ReferenceTrace,
  policy: SimulatedPolicy,
  capacity: number,
  nextUses: NextUses | undefined,
): CachePolicy {
  if (!Number.isSafeInteger(capacity) || capacity < 1) {
    throw new RangeError(`a cache holds 1 page or more, not ${capacity}`);
  }
  switch (policy) {
    case 'lru':
      return createLru(trace, capacity);
    case 'fifo':
      return createFifo(trace, capacity);
    case 'sieve':
      return createSieve(trace, capacity);
    case 's3-fifo':
      return createS3Fifo(trace, capacity);
    case 'belady':
      return createBelady(trace, capacity, nextUses);
  }
}

function createCounts(): HitCounts {
  return { references: 0, hits: 0, readMisses: 0, writeMisses: 0 };
}

function sumCounts(tenants: readonly HitCounts[]): HitCounts {
  const total = createCounts();
  for (const counts of tenants) {
    total.references += counts.references;
    total.hits += counts.hits;
    total.readMisses += counts.readMisses;
    total.writeMisses += counts.writeMisses;
  }
  return total;
}

/** Misses of the references, 0..1; 0 where there are none. */
export function missRatio({ references, hits }: HitCounts): number {
  return references === 0 ? 0 : (references - hits) / references;
}
