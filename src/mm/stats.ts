/**
 * Counters of the address-space front end, by the kernel's names in `/proc/vmstat` and, for each
 * order of folio, in `/sys/kernel/mm/transparent_hugepage/hugepages-*kB/stats`.
 */
import { ORDER_MAX } from '../page/frames.ts';

/** Events of faults and reclaim; pages unless said otherwise. */
export interface MmEvents {
  /** Faults, and those of them that had to bring a page in from the pool or the device. */
  pgfault: number;
  pgmajfault: number;
  /** Pages that reclaim has looked at, and freed; by the background task and by who needs them. */
  pgscan_kswapd: number;
  pgscan_direct: number;
  pgsteal_kswapd: number;
  pgsteal_direct: number;
  pgactivate: number;
  pgdeactivate: number;
  /** Pages read ahead, and those of them that were used. */
  swap_ra: number;
  swap_ra_hit: number;
  /** Pages copied because they were shared and written to. */
  pgcow: number;
}

/** Events of folios of one order; each folio counts once. */
export interface OrderEvents {
  /** Made at the first touch of a range, and made smaller because no frames were free. */
  anon_fault_alloc: number;
  anon_fault_fallback: number;
  /** Swapped in as one, from the pool, or partly or wholly from the device; and not as one. */
  swpin: number;
  zswpin: number;
  swpin_fallback: number;
  /** Swapped out as one, to the device and to the pool; and split first. */
  swpout: number;
  zswpout: number;
  swpout_fallback: number;
  /** Split into single pages. */
  split: number;
}

export interface MmStats {
  readonly events: MmEvents;
  /** By order, 0 .. {@link ORDER_MAX}. */
  readonly orders: readonly OrderEvents[];
}

export function createMmStats(): MmStats {
  return {
    events: {
      pgfault: 0,
      pgmajfault: 0,
      pgscan_kswapd: 0,
      pgscan_direct: 0,
      pgsteal_kswapd: 0,
      pgsteal_direct: 0,
      pgactivate: 0,
      pgdeactivate: 0,
      swap_ra: 0,
      swap_ra_hit: 0,
      pgcow: 0,
    },
    orders: Array.from({ length: ORDER_MAX + 1 }, () => ({
      anon_fault_alloc: 0,
      anon_fault_fallback: 0,
      swpin: 0,
      zswpin: 0,
      swpin_fallback: 0,
      swpout: 0,
      zswpout: 0,
      swpout_fallback: 0,
      split: 0,
    })),
  };
}
