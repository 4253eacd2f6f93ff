/**
 * The slots of one swap area that serves address spaces: which are allocated, how often each is
 * referred to, and the shadow that stays behind when its page leaves memory. What backs a slot is
 * the swap table's business: a slot may be allocated and have nothing there, while its page is in
 * memory only.
 *
 * Runs are contiguous, naturally aligned and within one cluster. A cluster serves the order it was
 * first taken for until it is wholly free; only order 0 may take the rest of another order's
 * cluster, and does so last: a large run that finds no room fails, and its folio is split instead.
 *
 * @see mm/swapfile.c cluster_alloc_swap_entry
 */
import { assert, present } from '../std/assert.ts';
import { Clusters, COUNT_OVERFLOW, SLOT_ORDER_MAX } from './cluster.ts';
import type { SwapArea } from './info.ts';
import { SWAPFILE_CLUSTER, type SwapSlot } from './table.ts';

const CLUSTER_MASK = SWAPFILE_CLUSTER - 1;
const NO_HINT = -1;

export class SwapSlots {
  readonly area: SwapArea;
  readonly #clusters: Clusters;
  /** Per order, the page of the area where its next run is looked for, or {@link NO_HINT}. */
  readonly #hints: Float64Array = new Float64Array(SLOT_ORDER_MAX + 1).fill(NO_HINT);
  /** References of the slots whose byte says {@link COUNT_OVERFLOW}. */
  readonly #overflow = new Map<number, number>();
  #usedSlots = 0;

  constructor(area: SwapArea) {
    this.area = area;
    this.#clusters = new Clusters(area.pageCount);
  }

  get usedSlots(): number {
    return this.#usedSlots;
  }

  get freeSlots(): number {
    return this.area.pageCount - this.#usedSlots;
  }

  get metadataBytes(): number {
    return this.#clusters.metadataBytes + this.#overflow.size * 48 + this.#hints.byteLength;
  }

  /**
   * Allocates 2^`order` slots without references and returns the first. In order: after the last
   * run of that order; in a cluster of that order; in a free one; for order 0, in any.
   * Filling what has been begun first keeps whole clusters free for large runs, and for no memory.
   *
   * A cluster on a frag list is not searched for its own order: it got there by being searched in
   * vain, and the first slot that is freed takes it off.
   *
   * @param order - 0..{@link SLOT_ORDER_MAX}
   * @returns -1 if there is no room for that order
   */
  allocate(order: number): SwapSlot | -1 {
    assert(order >= 0 && order <= SLOT_ORDER_MAX);
    if (this.freeSlots < 1 << order) return -1;
    const hint = present(this.#hints[order]);
    if (hint !== NO_HINT) {
      const slot = this.#allocateIn(this.#clusterOf(hint), order, hint & CLUSTER_MASK);
      if (slot !== -1) return slot;
    }
    const clusters = this.#clusters;
    for (let cluster = clusters.nonfull(order); cluster !== 0; cluster = clusters.nonfull(order)) {
      const slot = this.#allocateIn(cluster, order, 0);
      if (slot !== -1) return slot;
      clusters.fragment(cluster);
    }
    const cluster = clusters.take(order);
    if (cluster !== 0) return this.#allocateIn(cluster, order, 0);
    return order === 0 ? this.#steal() : -1;
  }

  isAllocated(slot: SwapSlot): boolean {
    return this.#byte(slot) !== 0;
  }

  /** References to a slot; 0 if it is not allocated. @see mm/swapfile.c swap_swapcount */
  count(slot: SwapSlot): number {
    const byte = this.#byte(slot);
    if (byte === COUNT_OVERFLOW) return present(this.#overflow.get(slot));
    return byte === 0 ? 0 : byte - 1;
  }

  /** Adds a reference to an allocated slot. @see mm/swapfile.c swap_duplicate */
  dup(slot: SwapSlot): void {
    const byte = this.#byte(slot);
    assert(byte !== 0, 'slot is not allocated');
    if (byte === COUNT_OVERFLOW) {
      this.#overflow.set(slot, present(this.#overflow.get(slot)) + 1);
      return;
    }
    this.#setByte(slot, byte + 1);
    if (byte + 1 === COUNT_OVERFLOW) this.#overflow.set(slot, COUNT_OVERFLOW - 1);
  }

  /**
   * Drops a reference. The last one's holder frees what backs the slot, if its page is not in
   * memory either, and calls {@link release}.
   *
   * @returns the references that are left
   */
  put(slot: SwapSlot): number {
    const byte = this.#byte(slot);
    assert(byte > 1, 'slot has no reference');
    const left = this.count(slot) - 1;
    if (left < COUNT_OVERFLOW - 1) {
      this.#setByte(slot, left + 1);
      if (byte === COUNT_OVERFLOW) this.#overflow.delete(slot);
    } else this.#overflow.set(slot, left);
    return left;
  }

  /** Makes an allocated slot free, without its shadow. Nothing may refer to it or back it. */
  release(slot: SwapSlot): void {
    assert(this.#byte(slot) === 1, 'slot is free or has references');
    this.setShadow(slot, 0);
    this.#setByte(slot, 0);
    this.#usedSlots -= 1;
    const cluster = this.#clusterOf(slot - this.area.firstSlot);
    if (this.#clusters.drain(cluster)) this.#dropHints(cluster);
  }

  /** The shadow of a slot, 0 if it has none. */
  shadow(slot: SwapSlot): number {
    const page = this.#page(slot);
    const cluster = this.#clusterOf(page);
    if (!this.#clusters.isUsed(cluster)) return 0;
    const place = this.#clusters.base(cluster) + (page & CLUSTER_MASK);
    return present(this.#clusters.shadows(cluster)[place]);
  }

  /** Leaves a shadow at an allocated slot. @param value - 16 bits, 0 for none */
  setShadow(slot: SwapSlot, value: number): void {
    assert(value >= 0 && value <= 0xffff);
    assert(this.isAllocated(slot), 'slot is not allocated');
    const page = this.#page(slot);
    const cluster = this.#clusterOf(page);
    this.#clusters.shadows(cluster)[this.#clusters.base(cluster) + (page & CLUSTER_MASK)] = value;
  }

  /** The first allocated slot at or after `from`, -1 if there is none. For swapoff. */
  nextAllocated(from: number): SwapSlot | -1 {
    let page = Math.max(0, from - this.area.firstSlot);
    const clusters = this.#clusters;
    for (let cluster = this.#clusterOf(page); cluster < clusters.end; cluster += 1) {
      if (clusters.isUsed(cluster)) {
        const bytes = clusters.bytes(cluster);
        const base = clusters.base(cluster);
        const slots = clusters.slotsIn(cluster);
        for (let place = page & CLUSTER_MASK; place < slots; place += 1) {
          if (bytes[base + place] !== 0) return this.#slotAt(cluster, place);
        }
      }
      page = cluster * SWAPFILE_CLUSTER;
    }
    return -1;
  }

  /**
   * The first slot of the cluster that has been full, or looked at here, for the longest; -1 if
   * none is full. Its caller frees slots of the cluster that only a clean cached page still holds.
   *
   * @see mm/swapfile.c swap_reclaim_full_clusters
   */
  nextFullCluster(): SwapSlot | -1 {
    const cluster = this.#clusters.rotateFull();
    return cluster === 0 ? -1 : this.#slotAt(cluster, 0);
  }

  /** Takes a slot of another order's cluster. There is one, as the area is not full. */
  #steal(): SwapSlot | -1 {
    for (let order = 1; order <= SLOT_ORDER_MAX; order += 1) {
      const cluster = this.#clusters.frag(order) || this.#clusters.nonfull(order);
      if (cluster !== 0) return this.#allocateIn(cluster, 0, 0);
    }
    return -1;
  }

  /** Allocates the first free run of the cluster at or after place `from`; -1 if there is none. */
  #allocateIn(cluster: number, order: number, from: number): SwapSlot | -1 {
    const size = 1 << order;
    const clusters = this.#clusters;
    const base = clusters.base(cluster);
    const bytes = clusters.bytes(cluster);
    const place = freeRun(bytes, base, from, clusters.slotsIn(cluster), size);
    if (place < 0) {
      this.#hints[order] = NO_HINT;
      return -1;
    }
    bytes.fill(1, base + place, base + place + size);
    clusters.fill(cluster, size);
    this.#usedSlots += size;
    const next = place + size;
    const isLast = next === SWAPFILE_CLUSTER || clusters.isFull(cluster);
    this.#hints[order] = isLast ? NO_HINT : (cluster - 1) * SWAPFILE_CLUSTER + next;
    return this.#slotAt(cluster, place);
  }

  #dropHints(cluster: number): void {
    const hints = this.#hints;
    for (let order = 0; order <= SLOT_ORDER_MAX; order += 1) {
      const hint = present(hints[order]);
      if (hint !== NO_HINT && this.#clusterOf(hint) === cluster) hints[order] = NO_HINT;
    }
  }

  #page(slot: SwapSlot): number {
    const page = slot - this.area.firstSlot;
    assert(page >= 0 && page < this.area.pageCount, 'slot is not of this area');
    return page;
  }

  #clusterOf(page: number): number {
    return Math.floor(page / SWAPFILE_CLUSTER) + 1;
  }

  #slotAt(cluster: number, place: number): SwapSlot {
    return this.area.slot((cluster - 1) * SWAPFILE_CLUSTER + place);
  }

  #byte(slot: SwapSlot): number {
    const page = this.#page(slot);
    const cluster = this.#clusterOf(page);
    if (!this.#clusters.isUsed(cluster)) return 0;
    const place = this.#clusters.base(cluster) + (page & CLUSTER_MASK);
    return present(this.#clusters.bytes(cluster)[place]);
  }

  #setByte(slot: SwapSlot, value: number): void {
    const page = this.#page(slot);
    const cluster = this.#clusterOf(page);
    const place = this.#clusters.base(cluster) + (page & CLUSTER_MASK);
    this.#clusters.bytes(cluster)[place] = value;
  }
}

/** The first aligned run of `size` zeros from `from` to before `end`, all relative to `base`. */
function freeRun(bytes: Uint8Array, base: number, from: number, end: number, size: number) {
  let run = (from + size - 1) & -size;
  while (run + size <= end) {
    let at = run + size - 1;
    while (at >= run && bytes[base + at] === 0) at -= 1;
    if (at < run) return run;
    run = (at + size) & -size;
  }
  return -1;
}
