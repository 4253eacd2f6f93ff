/**
 * The clusters of a swap area: runs of {@link SWAPFILE_CLUSTER} slots that share an order and are
 * on one list each, and what is kept of each of their slots: a byte that says whether it is
 * allocated and how often it is referred to, and 16 bits for a shadow.
 *
 *     never used ──> nonfull[order] <──> full
 *          free <──>      ^ └────> frag[order]      free: no slot is allocated
 *                         └───────────┘             frag: no aligned group of its order is free
 *
 * A cluster's slots have memory while one of them is allocated. It comes in chunks of 63 clusters;
 * a chunk that holds nothing is given back, but for one. Clusters that were never used cost
 * nothing: the columns below reach as far as the highest cluster that ever was. A cluster is named
 * by its number in the area plus one, so that 0 is none.
 *
 * @see mm/swapfile.c, struct swap_cluster_info
 */
import { assert, present } from '../std/assert.ts';
import { IndexBlocks, NO_BLOCK } from '../std/index-blocks.ts';
import { LinkedList, type Links } from '../std/list.ts';
import { SWAPFILE_CLUSTER } from './table.ts';

/** Largest order of a run of slots: a whole cluster. */
export const SLOT_ORDER_MAX = 9;
/** First value of a slot's byte that stands for no count: the count is elsewhere. */
export const COUNT_OVERFLOW = 255;

const ORDERS = SLOT_ORDER_MAX + 1;
/** Lists by number; a cluster that is on none was never used. */
const NO_LIST = 0;
const FREE = 1;
const FULL = 2;
const NONFULL = 3;
const FRAG = NONFULL + ORDERS;
const LISTS = FRAG + ORDERS;

const CHUNK_SHIFT = 6;
const CHUNK_CLUSTERS = 1 << CHUNK_SHIFT;
const CHUNK_SLOTS = CHUNK_CLUSTERS * SWAPFILE_CLUSTER;
const CHUNK_BYTES = CHUNK_SLOTS * 3;
const COLUMNS_BYTES = 4 + 4 + 4 + 2 + 1 + 1;

/** Per slot: 0 free, else 1 + references, {@link COUNT_OVERFLOW} if they do not fit; the shadow. */
class Chunk {
  readonly #buffer = new ArrayBuffer(CHUNK_BYTES, { maxByteLength: CHUNK_BYTES });
  readonly shadows: Uint16Array = new Uint16Array(this.#buffer, 0, CHUNK_SLOTS);
  readonly bytes: Uint8Array = new Uint8Array(this.#buffer, CHUNK_SLOTS * 2, CHUNK_SLOTS);

  /** A dropped buffer stays resident until a major collection; a shrunk one goes back at once. */
  drop(): void {
    this.#buffer.resize(0);
  }
}

export class Clusters implements Links {
  readonly #slotCount: number;
  readonly #lists: readonly LinkedList[];
  readonly #places = new IndexBlocks(CHUNK_SHIFT);
  readonly #chunks: (Chunk | undefined)[] = [];
  #chunkCount = 0;
  /** Columns by cluster: place in the chunks (0: none), links, allocated slots, list, order. */
  #place = new Uint32Array(2);
  #previous = new Uint32Array(2);
  #next = new Uint32Array(2);
  #used = new Uint16Array(2);
  #list = new Uint8Array(2);
  #order = new Uint8Array(2);
  /** The clusters from this one on were never used. */
  #fresh = 1;

  /** @param slotCount - of the area; the last cluster may be cut short */
  constructor(slotCount: number) {
    this.#slotCount = slotCount;
    this.#lists = Array.from({ length: LISTS }, () => new LinkedList(this));
  }

  get metadataBytes(): number {
    const columns = this.#place.length * COLUMNS_BYTES;
    return columns + this.#places.metadataBytes + this.#chunkCount * CHUNK_BYTES;
  }

  /** First cluster that was never used, and whose number nothing may be asked about. */
  get end(): number {
    return this.#fresh;
  }

  /** Slots of the cluster: all but in the area's last one the same number. */
  slotsIn(cluster: number): number {
    return Math.min(SWAPFILE_CLUSTER, this.#slotCount - (cluster - 1) * SWAPFILE_CLUSTER);
  }

  order(cluster: number): number {
    return present(this.#order[cluster]);
  }

  /** Says whether a slot of the cluster is allocated, so that its slots have memory. */
  isUsed(cluster: number): boolean {
    return cluster < this.#fresh && this.#place[cluster] !== 0;
  }

  isFull(cluster: number): boolean {
    return this.#list[cluster] === FULL;
  }

  /** Where the bytes of the cluster's slots are: from {@link base} on. It must be used. */
  bytes(cluster: number): Uint8Array {
    return this.#chunk(cluster).bytes;
  }

  /** Where the shadows of the cluster's slots are: from {@link base} on. It must be used. */
  shadows(cluster: number): Uint16Array {
    return this.#chunk(cluster).shadows;
  }

  base(cluster: number): number {
    return (present(this.#place[cluster]) & (CHUNK_CLUSTERS - 1)) * SWAPFILE_CLUSTER;
  }

  /** The cluster that is longest on the list; 0 if it is empty. */
  nonfull(order: number): number {
    return present(this.#lists[NONFULL + order]).head;
  }

  frag(order: number): number {
    return present(this.#lists[FRAG + order]).head;
  }

  full(): number {
    return present(this.#lists[FULL]).head;
  }

  /**
   * Takes a cluster that is free or was never used, and gives it an order and its slots memory.
   *
   * @returns 0 if there is none that has a whole run of that order
   */
  take(order: number): number {
    const cluster = this.#unused(order);
    if (cluster === 0) return 0;
    let place = this.#places.take();
    if (place === 0) {
      const block = this.#places.nextBlock();
      this.#chunks[block] = new Chunk();
      this.#chunkCount += 1;
      this.#places.add(block);
      place = this.#places.take();
    }
    this.#place[cluster] = place;
    this.#order[cluster] = order;
    this.#move(cluster, NONFULL + order);
    return cluster;
  }

  /** Notes that `count` more of its slots are allocated. */
  fill(cluster: number, count: number): void {
    const used = present(this.#used[cluster]) + count;
    assert(used <= this.slotsIn(cluster));
    this.#used[cluster] = used;
    if (used === this.slotsIn(cluster)) this.#move(cluster, FULL);
  }

  /** Notes that no aligned group of the cluster's order is free in it. */
  fragment(cluster: number): void {
    if (this.#list[cluster] !== FULL) this.#move(cluster, FRAG + this.order(cluster));
  }

  /** Moves the longest full cluster to the end of its list and returns it; 0 if none is full. */
  rotateFull(): number {
    const cluster = this.full();
    if (cluster !== 0) present(this.#lists[FULL]).rotate(cluster);
    return cluster;
  }

  /** Notes that one of its slots is free again. @returns true if all are */
  drain(cluster: number): boolean {
    const used = present(this.#used[cluster]) - 1;
    assert(used >= 0);
    this.#used[cluster] = used;
    if (used > 0) {
      this.#move(cluster, NONFULL + this.order(cluster));
      return false;
    }
    const dropped = this.#places.give(present(this.#place[cluster]));
    if (dropped !== NO_BLOCK) {
      present(this.#chunks[dropped]).drop();
      this.#chunks[dropped] = undefined;
      this.#chunkCount -= 1;
    }
    this.#place[cluster] = 0;
    this.#move(cluster, FREE);
    return true;
  }

  previous(cluster: number): number {
    return present(this.#previous[cluster]);
  }

  next(cluster: number): number {
    return present(this.#next[cluster]);
  }

  setPrevious(cluster: number, to: number): void {
    this.#previous[cluster] = to;
  }

  setNext(cluster: number, to: number): void {
    this.#next[cluster] = to;
  }

  #chunk(cluster: number): Chunk {
    return present(this.#chunks[present(this.#place[cluster]) >>> CHUNK_SHIFT]);
  }

  #move(cluster: number, to: number): void {
    const from = present(this.#list[cluster]);
    if (from === to) return;
    if (from !== NO_LIST) present(this.#lists[from]).remove(cluster);
    this.#list[cluster] = to;
    present(this.#lists[to]).pushTail(cluster);
  }

  #unused(order: number): number {
    const free = present(this.#lists[FREE]);
    // One cluster may be cut short, and have no run of that order: then it is the next one.
    if (free.length > 1 && !this.#holds(free.head, order)) free.rotate(free.head);
    if (free.length > 0 && this.#holds(free.head, order)) return free.head;
    const cluster = this.#fresh;
    if ((cluster - 1) * SWAPFILE_CLUSTER >= this.#slotCount) return 0;
    if (!this.#holds(cluster, order)) return 0;
    this.#fresh += 1;
    if (cluster === this.#place.length) this.#widen();
    return cluster;
  }

  #holds(cluster: number, order: number): boolean {
    return this.slotsIn(cluster) >>> order > 0;
  }

  #widen(): void {
    const length = this.#place.length * 2;
    this.#place = widened(this.#place, new Uint32Array(length));
    this.#previous = widened(this.#previous, new Uint32Array(length));
    this.#next = widened(this.#next, new Uint32Array(length));
    this.#used = widened(this.#used, new Uint16Array(length));
    this.#list = widened(this.#list, new Uint8Array(length));
    this.#order = widened(this.#order, new Uint8Array(length));
  }
}

function widened<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
