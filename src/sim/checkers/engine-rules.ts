/** What must hold of the engine at every scheduling point, and what may be left at the end. */
import type { Memcg } from '../../memcg/memcg.ts';
import { INVARIANTS } from '../../zswap/invariants.ts';
import type { Zswap } from '../../zswap/zswap.ts';
import type { Violation } from '../engine/failure.ts';
import type { World } from '../world/world.ts';

/** What a nemesis may have set on the device and the end of a play takes back. */
export const DEVICE_RULES = ['readErrors', 'writeErrors', 'corruptReads', 'lostWrites'] as const;

/** The first invariant that does not hold. */
export function checkInvariants(zswap: Zswap): Violation | undefined {
  for (const name in INVARIANTS) {
    const message = INVARIANTS[name]?.(zswap);
    if (message !== undefined) return { name, message };
  }
  return undefined;
}

/** Nothing may be left once all disks have been removed. */
export function checkLeft({ zswap, swap, device }: World): Violation | undefined {
  const left = {
    entries: zswap.entries.length,
    'entries on lists': zswap.lru.length,
    'stored pages': zswap.stats.stored_pages,
    'pool pages': zswap.pools.totalPages(),
    'used slots': swap.table.usedSlots,
    'busy slots': swap.cache.busySlots,
    'device pages': swap.backing?.usedPages ?? 0,
    'device pages being written': swap.backing?.writingPages ?? 0,
    bios: swap.backing?.bios.inUse ?? 0,
    'device requests': device?.underWay ?? 0,
    lanes: sum([...zswap.pools.pools()].map((pool) => pool.lanes.inUse)),
    'pools that are not current': [...zswap.pools.pools()].length - 1,
    'pool references': (zswap.pools.current?.references ?? 1) - 1,
    areas: swap.areas.length,
    'groups that have gone': gone(zswap.memcgs.groups()),
    'shrinkers of groups that have gone': gone(zswap.shrinker.knownGroups()),
    'groups that have gone and put off': gone(zswap.pressureShrinker.deferringGroups()),
  };
  const found = Object.entries(left).filter(([, count]) => count !== 0);
  if (found.length === 0) return undefined;
  const message = found.map(([what, count]) => `${count} ${what}`).join(', ');
  return { name: 'nothingIsLeftAtTheEnd', message };
}

function gone(groups: Iterable<Memcg>): number {
  return [...groups].filter(({ online }) => !online).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
