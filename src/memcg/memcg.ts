/**
 * Memory control groups: who pays for compressed pages and what each may hold. A tree with one
 * root; a charge to a group is a charge to all its ancestors.
 */
import { assert, present } from '../std/assert.ts';
import type { Brand } from '../std/brand.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { createSwapEvents, type SwapEvents } from './events.ts';

/** Number of a group, 0 for the root, below {@link MEMCG_COUNT_MAX}; reused after removal. */
export type MemcgId = Brand<number, 'MemcgId'>;

/** Groups at the same time, the root included: the id has 14 bits in a zswap entry. */
export const MEMCG_COUNT_MAX: number = 1 << 14;

export class Memcg {
  readonly id: MemcgId;
  readonly name: string;
  readonly parent: Memcg | undefined;
  /** Its own, without its children's; add to them directly. */
  readonly events: SwapEvents = createSwapEvents();
  #zswapBytes = 0;
  #zswapPages = 0;
  #zswapMaxBytes = Infinity;
  #writeback = true;

  constructor(id: MemcgId, name: string, parent: Memcg | undefined) {
    this.id = id;
    this.name = name;
    this.parent = parent;
  }

  /** `memory.zswap.current`: compressed bytes charged to the group and its descendants. */
  get zswapCurrent(): number {
    return this.#zswapBytes;
  }

  /** `memory.stat` `zswapped`, in pages: entries charged to the group and its descendants. */
  get zswappedPages(): number {
    return this.#zswapPages;
  }

  /** `memory.zswap.max` in bytes; Infinity (`max`) by default. */
  get zswapMax(): number {
    return this.#zswapMaxBytes;
  }

  /** @param bytes - 0..2^53 or Infinity; rounded down to whole pages, as the kernel does */
  setZswapMax(bytes: number): void {
    if (!(bytes >= 0)) throw new RangeError(`memory.zswap.max takes bytes or max, not ${bytes}`);
    this.#zswapMaxBytes = bytes === Infinity ? bytes : bytes - (bytes % PAGE_SIZE);
  }

  /** The group's own `memory.zswap.writeback`; what is in force is {@link writebackEnabled}. */
  get writeback(): boolean {
    return this.#writeback;
  }

  setWriteback(enabled: boolean): void {
    this.#writeback = enabled;
  }

  /** True unless the group or an ancestor has switched writeback off. */
  writebackEnabled(): boolean {
    if (!this.#writeback) return false;
    return this.parent === undefined || this.parent.writebackEnabled();
  }

  /**
   * Says whether the group may store another page: neither it nor an ancestor is at its limit. The
   * root has none. Checked before compression, so a group can end up to one page over.
   *
   * @see mm/memcontrol.c obj_cgroup_may_zswap
   */
  mayZswap(): boolean {
    if (this.parent === undefined) return true;
    if (this.#zswapMaxBytes !== Infinity) {
      if (Math.floor(this.#zswapBytes / PAGE_SIZE) >= this.#zswapMaxBytes / PAGE_SIZE) return false;
    }
    return this.parent.mayZswap();
  }

  /** Charges one entry of `bytes` to the group and its ancestors. */
  charge(bytes: number): void {
    assert(bytes > 0);
    this.#zswapBytes += bytes;
    this.#zswapPages += 1;
    this.parent?.charge(bytes);
  }

  /** Undoes one {@link charge} of the same number of bytes. */
  uncharge(bytes: number): void {
    assert(bytes > 0 && this.#zswapBytes >= bytes && this.#zswapPages > 0);
    this.#zswapBytes -= bytes;
    this.#zswapPages -= 1;
    this.parent?.uncharge(bytes);
  }
}

/** All groups by id. */
export class MemcgTree {
  readonly root: Memcg = new Memcg(0 as MemcgId, '', undefined);
  readonly #groups: (Memcg | undefined)[] = [this.root];

  get(id: number): Memcg {
    return present(this.#groups[id]);
  }

  /** Makes a group. Throws a RangeError when {@link MEMCG_COUNT_MAX} groups exist. */
  create(name: string, parent: Memcg = this.root): Memcg {
    let id = this.#groups.indexOf(undefined);
    if (id < 0) id = this.#groups.length;
    if (id >= MEMCG_COUNT_MAX) throw new RangeError(`more than ${MEMCG_COUNT_MAX} memory groups`);
    const group = new Memcg(id as MemcgId, name, parent);
    this.#groups[id] = group;
    return group;
  }

  /** Removes a group that is charged nothing and has no children. */
  remove(group: Memcg): void {
    assert(group !== this.root && this.#groups[group.id] === group);
    assert(!this.#groups.some((other) => other?.parent === group), 'group has children');
    assert(group.zswapCurrent === 0 && group.zswappedPages === 0);
    this.#groups[group.id] = undefined;
  }

  /** The groups that exist, the root first. */
  *groups(): Generator<Memcg> {
    for (const group of this.#groups) if (group !== undefined) yield group;
  }
}
