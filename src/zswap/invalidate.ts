/**
 * Invalidate: an entry goes because its slot gets another backing or none. The swap layer calls it
 * through the slot-free hook, at the one place where a slot's backing changes, so no path can
 * forget an older entry.
 *
 * @see mm/zswap.c zswap_invalidate, zswap_entry_free
 */
import { assert } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { SlotFreeHook } from '../swap/info.ts';
import type { SwapSlot } from '../swap/table.ts';
import type { ZswapEntryIndex } from './entry.ts';
import type { Zswap } from './zswap.ts';

export class InvalidateHook implements SlotFreeHook {
  readonly #zswap: Zswap;

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
  }

  entryReleased(slot: SwapSlot, entryIndex: number): void {
    freeEntry(this.#zswap, slot, entryIndex as ZswapEntryIndex);
  }
}

/**
 * Frees the entry of a slot that does not name it any more: off the LRU, its object and its
 * references dropped, its charge undone.
 */
function freeEntry(zswap: Zswap, slot: SwapSlot, index: ZswapEntryIndex): void {
  const entries = zswap.entries;
  const length = entries.lengthOf(index);
  const memcg = zswap.memcgs.get(entries.memcg(index));
  const pool = zswap.pools.get(entries.pool(index));
  zswap.lru.remove(zswap.memcgs.living(memcg).id, index);
  const owner = pool.zpool.free(index);
  assert(owner === slot, "the entry was another slot's");
  zswap.pools.put(pool);
  memcg.uncharge(length);
  if (length === PAGE_SIZE) zswap.stats.stored_incompressible_pages -= 1;
  zswap.stats.stored_pages -= 1;
  entries.free(index);
  if (!memcg.online) zswap.memcgs.reap(memcg);
  zswap.compactor.entryFreed(entries.length);
}
