/**
 * A disk with all that is its own, from its beginning to its end: a memory group that pays for its
 * pages, a swap area, and the disk in front of it. When it has gone, its slots, the number of its
 * group, its room in the pool and on the device are as if it had never been.
 */
import { SILENT } from '../std/tracepoint.ts';
import type { Zswap } from '../zswap/zswap.ts';
import type { DiskTrace } from './disk-trace.ts';
import { SwapDisk } from './swap-disk.ts';

/**
 * Makes a disk with a group of its own.
 *
 * @param pageCount - 1 or more
 * @param trace - gets each of its requests that has ended
 * @throws ZswapError `ZSWAP_EXPORT` if the slots are used up
 * @throws RangeError if there are as many groups as there can be; nothing has changed then
 */
export function addDisk(
  zswap: Zswap,
  name: string,
  pageCount: number,
  trace: DiskTrace = SILENT,
): SwapDisk {
  const { rt, swap, memcgs } = zswap;
  const memcg = memcgs.create(name);
  try {
    return new SwapDisk({ rt, zswap, area: swap.swapon(name, pageCount, memcg), trace });
  } catch (error) {
    memcgs.remove(memcg);
    throw error;
  }
}

/**
 * Removes a disk of {@link addDisk}: it is retired, and when it is clear, its area and its group go
 * in one section, so that nobody sees one without the other.
 *
 * @param onGone - called once, from an empty stack
 * @see mm/swapfile.c swapoff, mm/memcontrol.c mem_cgroup_css_offline
 */
export function removeDisk(zswap: Zswap, disk: SwapDisk, onGone: () => void): void {
  const { area } = disk;
  disk.retire(() => {
    zswap.swap.swapoff(area);
    zswap.memcgs.offline(area.memcg);
    onGone();
  });
}
