/**
 * The swap areas that pages go to, by priority, and the references to their slots. A slot is freed
 * when nothing refers to it: at once if nobody owns it, else by a task that waits for its turn.
 *
 * @see mm/swapfile.c get_swap_pages, swap_free
 */
import type { Rt, Task } from '../../rt/rt.ts';
import { assert, present } from '../../std/assert.ts';
import { Ring } from '../../std/ring.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import type { Swap, SwapArea } from '../../swap/info.ts';
import { SwapSlots } from '../../swap/slots.ts';
import type { SwapSlot } from '../../swap/table.ts';
import { PTE_SLOT_END } from '../page-table.ts';
import type { CachedFolios } from './swap-cache.ts';

/** No slot: the areas are full, or have no run of that order. */
export const NO_SLOT = -1;

/** Frees a slot as soon as it is nobody's. */
class SlotReaper implements SlotWaiter {
  nextWaiter: SlotWaiter | undefined;
  slot = 0 as SwapSlot;
  readonly #areas: SwapAreas;

  constructor(areas: SwapAreas) {
    this.#areas = areas;
  }

  resume(): void {
    if (this.#areas.finishRelease(this.slot, this)) this.#areas.reapers.push(this);
  }
}

interface UsedArea {
  readonly slots: SwapSlots;
  readonly priority: number;
  /** False while it is being removed: nothing new goes there. */
  open: boolean;
}

export class SwapAreas {
  readonly #rt: Rt;
  readonly #swap: Swap;
  readonly #folios: CachedFolios;
  /** Of higher priority first. */
  readonly #areas: UsedArea[] = [];
  /** Slots that will be freed when their owners give them up. */
  readonly #dying = new Set<SwapSlot>();
  /** Who is woken when one of them has been freed. */
  readonly #waiting = new Ring<Task>();
  /** Reapers that are not waiting for a slot. */
  readonly reapers: SlotReaper[] = [];

  constructor(rt: Rt, swap: Swap, folios: CachedFolios) {
    this.#rt = rt;
    this.#swap = swap;
    this.#folios = folios;
  }

  get metadataBytes(): number {
    return this.#areas.reduce((sum, { slots }) => sum + slots.metadataBytes, 0);
  }

  get usedSlots(): number {
    return this.#areas.reduce((sum, { slots }) => sum + slots.usedSlots, 0);
  }

  /** True when more than half of the slots or of the device is used (kernel `vm_swap_full`). */
  get isHalfFull(): boolean {
    const { backing } = this.#swap;
    if (backing !== undefined && backing.freePages < backing.usedPages) return true;
    const used = this.usedSlots;
    return this.#areas.reduce((sum, { slots }) => sum + slots.freeSlots, 0) < used;
  }

  get all(): readonly SwapSlots[] {
    return this.#areas.map(({ slots }) => slots);
  }

  /** Those that new slots are allocated in. */
  get open(): readonly SwapSlots[] {
    return this.#areas.filter(({ open }) => open).map(({ slots }) => slots);
  }

  add(area: SwapArea, priority: number): void {
    assert(area.firstSlot + area.pageCount <= PTE_SLOT_END, 'a PTE cannot name these slots');
    const index = this.#areas.findIndex((other) => other.priority < priority);
    const used = { slots: new SwapSlots(area), priority, open: true };
    this.#areas.splice(index < 0 ? this.#areas.length : index, 0, used);
  }

  /** Opens an area for new slots, or closes it. */
  setOpen(area: SwapArea, open: boolean): void {
    present(this.#areas.find(({ slots }) => slots.area === area)).open = open;
  }

  /** Forgets an area without used slots. */
  remove(area: SwapArea): void {
    const index = this.#areas.findIndex(({ slots }) => slots.area === area);
    assert(present(this.#areas[index]).slots.usedSlots === 0);
    this.#areas.splice(index, 1);
  }

  /** The slots of an area. */
  of(area: SwapArea): SwapSlots {
    return present(this.#areas.find(({ slots }) => slots.area === area)).slots;
  }

  /** The slots of the area that a slot is of. */
  ofSlot(slot: SwapSlot): SwapSlots {
    return this.#at(slot);
  }

  /** Allocates 2^order consecutive slots without references, or {@link NO_SLOT}. */
  allocate(order: number): SwapSlot | typeof NO_SLOT {
    for (const { slots, open } of this.#areas) {
      const slot = open ? slots.allocate(order) : NO_SLOT;
      if (slot !== NO_SLOT) return slot;
    }
    return NO_SLOT;
  }

  count(slot: SwapSlot): number {
    return this.#at(slot).count(slot);
  }

  dup(slot: SwapSlot): void {
    this.#at(slot).dup(slot);
  }

  /** Drops a reference; the caller sees to the slot when none is left, and returns that number. */
  put(slot: SwapSlot): number {
    return this.#at(slot).put(slot);
  }

  shadow(slot: SwapSlot): number {
    return this.#at(slot).shadow(slot);
  }

  setShadow(slot: SwapSlot, shadow: number): void {
    this.#at(slot).setShadow(slot, shadow);
  }

  /** Frees a slot without references and without a folio, with its backing. */
  release(slot: SwapSlot): void {
    // Who owns it may find that nobody refers to it, too.
    if (this.#dying.has(slot)) return;
    const reaper = this.reapers.pop() ?? new SlotReaper(this);
    reaper.slot = slot;
    if (this.#swap.cache.lock(slot, reaper)) reaper.resume();
    else this.#dying.add(slot);
  }

  /**
   * Ends {@link release} when the reaper has become the slot's owner; false: others wait for the
   * slot, who will find that it holds nothing, and the reaper has queued behind them.
   */
  finishRelease(slot: SwapSlot, reaper: SlotWaiter): boolean {
    const slots = this.#at(slot);
    assert(slots.count(slot) === 0);
    // A folio that came in meanwhile frees the slot when it goes.
    const isCached = this.#folios.get(slot) !== 0;
    if (!isCached) this.#swap.free(slot);
    this.#swap.cache.unlock(slot, reaper);
    if (isCached) {
      this.#dying.delete(slot);
      return true;
    }
    if (this.#swap.cache.isBusy(slot)) {
      const taken = this.#swap.cache.lock(slot, reaper);
      assert(!taken);
      return false;
    }
    this.#dying.delete(slot);
    slots.release(slot);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#rt.wake(next);
    }
    return true;
  }

  /** Says whether a slot will be freed when its owner, and who waits for it, have given it up. */
  isDying(slot: SwapSlot): boolean {
    return this.#dying.has(slot);
  }

  /** Has a task woken when the next dying slot has been freed. */
  waitForDying(task: Task): void {
    assert(this.#dying.size > 0);
    this.#waiting.push(task);
  }

  #at(slot: SwapSlot): SwapSlots {
    for (const { slots } of this.#areas) {
      const { firstSlot, pageCount } = slots.area;
      if (slot >= firstSlot && slot < firstSlot + pageCount) return slots;
    }
    assert(false, 'slot of no area');
  }
}
