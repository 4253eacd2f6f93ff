/** The figures of a machine, taken at one moment: see `MachineStats` in `api.ts`. */
import { poolSnapshot } from '../engine/snapshot.ts';
import { residentBytes } from '../engine/stack.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { MachineStats } from './api.ts';
import type { OpenMachine } from './machine.ts';

export function machineStats(machine: OpenMachine): MachineStats {
  const { stack, mm, pinnedPages } = machine.core;
  const { frames, stats } = mm;
  const { spill, ...pool } = poolSnapshot(stack);
  return {
    memory: {
      limit: frames.pageLimit * PAGE_SIZE,
      used: frames.usedPages * PAGE_SIZE,
      resident: frames.residentBytes,
      pinned: pinnedPages * PAGE_SIZE,
    },
    events: { ...stats.events },
    orders: stats.orders.map((order) => ({ ...order })),
    ...pool,
    groups: Object.fromEntries(machine.groups.map((group) => [group.name, group.stats()])),
    process: { rss: residentBytes(), metadata_bytes: machine.metadataBytes },
    ...(spill === undefined ? {} : { swap: spill }),
  };
}
