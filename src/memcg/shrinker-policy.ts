/**
 * How many entries of a group the dynamic shrinker leaves alone, under each of the kernel's two
 * policies. Both live on counters of the group that stores and reads keep, whichever is in force:
 * so a switch finds them as if its policy had always been.
 *
 * `second_chance`: an entry that was used is passed over once; and once as many entries as pages
 * had to be read from the device since the last look are not offered, as they went too early.
 *
 * `protected`: so many of the youngest entries are not offered. The number grows by one with every
 * entry that joins the list and every page that is read back, and is halved by an entry that finds
 * it above a quarter of the list. What was used counts for nothing but its place in the list.
 *
 * The second took too much for warm: stores alone protect up to a quarter of a list, and reads from
 * the device protect entries that have nothing to do with them. It is here to compare with.
 *
 * @see mm/zswap.c zswap_lru_add, zswap_folio_swapin, zswap_shrinker_count: in Linux 6.8 to 6.11 for
 *   `protected`, in later ones for `second_chance`
 */
import type { Memcg } from './memcg.ts';

/** Which entries the dynamic shrinker takes for warm. */
export type ShrinkerPolicy = 'second_chance' | 'protected';

/** All of them, the default first. */
export const SHRINKER_POLICIES: readonly ShrinkerPolicy[] = ['second_chance', 'protected'];

/** An entry has joined the group's list, which has `listed` with it. */
export function noteListed(memcg: Memcg, listed: number): void {
  memcg.zswapProtected += 1;
  if (memcg.zswapProtected > Math.floor(listed / 4)) {
    memcg.zswapProtected = Math.floor(memcg.zswapProtected / 2);
  }
}

/** A page of the group has been read from the pool. */
export function noteLoad(memcg: Memcg): void {
  memcg.zswapProtected += 1;
}

/** A page of the group has been read from the device. */
export function noteDeviceRead(memcg: Memcg): void {
  memcg.diskSwapins += 1;
  memcg.zswapProtected += 1;
}

/**
 * Of `listed` entries, those that are offered, before compression is looked at. With
 * `second_chance` it uses up the reads from the device that it makes good.
 */
export function takeOffered(memcg: Memcg, policy: ShrinkerPolicy, listed: number): number {
  if (policy === 'protected') return Math.max(0, listed - memcg.zswapProtected);
  const spared = Math.min(memcg.diskSwapins, listed);
  memcg.diskSwapins -= spared;
  return listed - spared;
}

/**
 * Says whether a scan of so many entries would reach protected ones: several scans at a time could,
 * each within what was offered to it. As in the kernel, whose difference has no sign, a scan that
 * asks for more than the list holds is let through.
 *
 * @see mm/zswap.c zswap_shrinker_scan, Linux 6.8 to 6.11
 */
export function reachesProtected(memcg: Memcg, listed: number, objects: number): boolean {
  return objects <= listed && memcg.zswapProtected >= listed - objects;
}
