/**
 * Load: an entry's page back to its owner. The disk front end keeps the entry (its client has no
 * other copy and may read again without writing), and marks it referenced; who takes the page over
 * for good drops the entry with it.
 *
 * @see mm/zswap.c zswap_load, zswap_decompress
 */
import { PAGE_SIZE } from '../std/units.ts';
import type { Memcg } from '../memcg/memcg.ts';
import { noteLoad, noteListed } from '../memcg/shrinker-policy.ts';
import type { SwapSlot } from '../swap/table.ts';
import type { ZswapEntryIndex } from './entry.ts';
import type { Zswap } from './zswap.ts';

/**
 * Outcome of a load. `absent`: zswap does not hold the slot. `corrupt`: it does, but the entry
 * could not be decompressed; the entry stays, the target is unchanged, and the device must not be
 * read instead: it holds nothing of this slot, or something older.
 */
export type LoadResult = 'loaded' | 'absent' | 'corrupt';

/** Whether the entry stays (`retain`) or goes with the load (`exclusive`). */
export type LoadMode = 'retain' | 'exclusive';

/**
 * Decompresses the slot's entry to `target[offset, offset + 4096)`.
 *
 * @remarks Locks: the caller owns the slot. Waits: never.
 */
export function loadPage(
  zswap: Zswap,
  slot: SwapSlot,
  mode: LoadMode,
  target: Uint8Array,
  offset: number,
): LoadResult {
  const index = zswap.swap.table.entry(slot) as ZswapEntryIndex;
  if (index === 0) return 'absent';
  const isTimed = zswap.loadTimes.begin();
  if (!decompress(zswap, index, target, offset)) {
    zswap.stats.decompress_fail += 1;
    return 'corrupt';
  }
  zswap.loadTimes.end(isTimed);
  zswap.swap.vmstat.zswpin += 1;
  const owner = zswap.memcgs.get(zswap.entries.memcg(index));
  owner.events.zswpin += 1;
  const lister = zswap.memcgs.living(owner);
  if (mode === 'exclusive') zswap.swap.free(slot);
  else markUsed(zswap, index, lister);
  noteLoad(lister);
  return 'loaded';
}

/**
 * Says of an entry that stays that it was used. Without a second chance its place in the list must
 * say so: it joins it anew.
 */
function markUsed(zswap: Zswap, index: ZswapEntryIndex, lister: Memcg): void {
  zswap.entries.setReferenced(index, true);
  if (zswap.params.shrinkerPolicy === 'second_chance') return;
  zswap.lru.rotate(lister.id, index);
  noteListed(lister, zswap.lru.lengthOf(lister.id));
}

/**
 * Decompresses an entry with its own pool's compressor, which need not be the current one.
 *
 * @returns false if the stored bytes are no valid stream of it
 */
export function decompress(
  zswap: Zswap,
  index: ZswapEntryIndex,
  target: Uint8Array,
  offset: number,
): boolean {
  const length = zswap.entries.lengthOf(index);
  const pool = zswap.pools.get(zswap.entries.pool(index));
  if (length === PAGE_SIZE) {
    pool.zpool.read(index, length, target, offset);
    return true;
  }
  const lane = pool.loadLane;
  pool.zpool.read(index, length, lane.window.bytes, 0);
  return lane.decompress(length, target, offset);
}
