/**
 * A load by somebody who takes the page over for good, as an address space does, in contrast to a
 * disk's client: the slot is owned, the entry goes with the load, and the slot is free after it.
 */
import { PAGE_SIZE } from '../../std/units.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import type { SwapSlot } from '../../swap/table.ts';
import { loadPage, type LoadResult } from '../../zswap/load.ts';
import type { Zswap } from '../../zswap/zswap.ts';

export class ExclusiveLoad implements SlotWaiter {
  nextWaiter: SlotWaiter | undefined;
  readonly page: Uint8Array = new Uint8Array(PAGE_SIZE);
  result: LoadResult = 'absent';
  readonly #zswap: Zswap;
  readonly #slot: SwapSlot;
  #onEnd: () => void = () => {};

  constructor(zswap: Zswap, slot: SwapSlot) {
    this.#zswap = zswap;
    this.#slot = slot;
  }

  /** Takes the slot, or waits for it; loads; gives it up. */
  start(onEnd: () => void): void {
    this.#onEnd = onEnd;
    if (this.#zswap.swap.cache.lock(this.#slot, this)) this.resume();
  }

  resume(): void {
    this.result = loadPage(this.#zswap, this.#slot, 'exclusive', this.page, 0);
    this.#zswap.swap.cache.unlock(this.#slot, this);
    this.#onEnd();
  }
}
