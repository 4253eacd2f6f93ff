/**
 * Swap areas and the one place where a slot changes what backs it. An area is a range of slots with
 * an owner who pays; the kernel calls that a swap device, but here the backing device is shared and
 * areas are only numbers, so there may be thousands.
 */
import { assert, present } from '../std/assert.ts';
import { ZswapError } from '../std/error.ts';
import { createSwapEvents, type SwapEvents } from '../memcg/events.ts';
import type { Memcg } from '../memcg/memcg.ts';
import type { Rt } from '../rt/rt.ts';
import { divCeil } from '../std/units.ts';
import type { Backing } from './backing.ts';
import { SwapCache } from './cache.ts';
import { SLOT_END, SWAPFILE_CLUSTER, SwapTable, type SwapSlot } from './table.ts';

/**
 * Told when a slot that zswap backs gets another backing or none, before anybody can see the slot
 * again. The only upcall; it runs inside a section and must not wait.
 *
 * @see mm/swapfile.c swap_range_free, which calls zswap_invalidate
 */
export interface SlotFreeHook {
  entryReleased(slot: SwapSlot, entryIndex: number): void;
}

/** A range of slots of one owner: page n is slot `firstSlot + n`, and page 0 is data. */
export class SwapArea {
  readonly name: string;
  readonly memcg: Memcg;
  readonly firstSlot: number;
  readonly pageCount: number;

  constructor(name: string, memcg: Memcg, firstSlot: number, pageCount: number) {
    this.name = name;
    this.memcg = memcg;
    this.firstSlot = firstSlot;
    this.pageCount = pageCount;
  }

  slot(offset: number): SwapSlot {
    assert(offset >= 0 && offset < this.pageCount);
    return (this.firstSlot + offset) as SwapSlot;
  }
}

export class Swap {
  readonly table: SwapTable = new SwapTable();
  readonly cache: SwapCache;
  /** Events of all areas together, as in `/proc/vmstat`. */
  readonly vmstat: SwapEvents = createSwapEvents();
  /** Undefined: there is no device, and a page that zswap refuses is refused to its owner. */
  get backing(): Backing | undefined {
    return this.#backing;
  }

  #backing: Backing | undefined;
  /** In the order of their slots. */
  readonly #areas: SwapArea[] = [];
  #hook: SlotFreeHook | undefined;

  constructor(rt: Rt, backing: Backing | undefined) {
    this.cache = new SwapCache(rt);
    this.#backing = backing;
  }

  get areas(): readonly SwapArea[] {
    return this.#areas;
  }

  get metadataBytes(): number {
    return this.table.metadataBytes + this.cache.metadataBytes + (this.backing?.metadataBytes ?? 0);
  }

  /** Exchanges the device for another, or for none; the old one backs no slot any more. */
  setBacking(backing: Backing | undefined): void {
    assert(this.#backing === undefined || this.#backing.usedPages === 0, 'the device is in use');
    this.#backing = backing;
  }

  /** Registers the one hook. */
  registerSlotFreeHook(hook: SlotFreeHook): void {
    assert(this.#hook === undefined);
    this.#hook = hook;
  }

  /**
   * Adds an area in the first gap of whole clusters that is large enough.
   *
   * @param pageCount - 1 or more; throws `ZSWAP_EXPORT` if the 2^32 slots have no such gap
   * @see mm/swapfile.c swapon
   */
  swapon(name: string, pageCount: number, memcg: Memcg): SwapArea {
    assert(Number.isSafeInteger(pageCount) && pageCount > 0);
    const slots = divCeil(pageCount, SWAPFILE_CLUSTER) * SWAPFILE_CLUSTER;
    let first = 0;
    let index = 0;
    for (; index < this.#areas.length; index += 1) {
      const area = present(this.#areas[index]);
      if (area.firstSlot - first >= slots) break;
      first = area.firstSlot + divCeil(area.pageCount, SWAPFILE_CLUSTER) * SWAPFILE_CLUSTER;
    }
    if (first + slots > SLOT_END) {
      throw new ZswapError('ZSWAP_EXPORT', `no room for ${pageCount} more pages of swap: ${name}`);
    }
    const area = new SwapArea(name, memcg, first, pageCount);
    this.#areas.splice(index, 0, area);
    return area;
  }

  /** Removes an area whose slots are all free and not busy. @see mm/swapfile.c swapoff */
  swapoff(area: SwapArea): void {
    const index = this.#areas.indexOf(area);
    assert(index >= 0);
    const end = area.firstSlot + area.pageCount;
    assert(this.table.nextUsed(area.firstSlot, end, Infinity) === end, 'area is in use');
    assert(!this.cache.anyBusy(area.firstSlot, end), 'area has requests under way');
    this.#areas.splice(index, 1);
  }

  /** Nothing backs the slot any more, which reads as zeros. Whoever refers to it still does. */
  free(slot: SwapSlot): void {
    this.#release(slot);
    this.table.setFree(slot);
  }

  /**
   * The slot holds zeros. An older zswap entry goes in the same section: left alive, it could be
   * written back later and its old data be found before the zeros.
   */
  setZero(slot: SwapSlot): void {
    this.#release(slot);
    this.table.setZero(slot);
  }

  /** The slot's newest data is a zswap entry. */
  setEntry(slot: SwapSlot, entryIndex: number): void {
    this.#release(slot);
    this.table.setEntry(slot, entryIndex);
  }

  /** The slot's newest data is on the device, which has acknowledged it. */
  setDevice(slot: SwapSlot, devicePage: number): void {
    this.#release(slot);
    this.table.setDevice(slot, devicePage);
  }

  #release(slot: SwapSlot): void {
    if (this.table.isFree(slot)) return;
    const entryIndex = this.table.entry(slot);
    if (entryIndex !== 0) {
      assert(this.#hook !== undefined);
      this.#hook.entryReleased(slot, entryIndex);
    } else if (this.table.kind(slot) === 'device') {
      assert(this.backing !== undefined);
      this.backing.free(this.table.payload(slot));
    }
  }
}
