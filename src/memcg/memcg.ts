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
  /** In the order they were made. */
  readonly children: readonly Memcg[] = [];
  /** Its own, without its children's; add to them directly. */
  readonly events: SwapEvents = createSwapEvents();
  /** False once the group is going away: its entries are its parent's to reclaim. */
  online = true;
  /** Pages read from the device since the shrinker last asked (kernel `nr_disk_swapins`). */
  diskSwapins = 0;
  /** Entries that the `protected` policy leaves alone (kernel `nr_zswap_protected`). */
  zswapProtected = 0;
  #framePages = 0;
  #memoryMaxBytes = Infinity;
  #zswapBytes = 0;
  #zswapPages = 0;
  #zswapMaxBytes = Infinity;
  #writeback = true;

  constructor(id: MemcgId, name: string, parent: Memcg | undefined) {
    this.id = id;
    this.name = name;
    this.parent = parent;
  }

  /** Page frames charged to the group and its descendants. */
  get framePages(): number {
    return this.#framePages;
  }

  /** `memory.current` in bytes: frames and compressed pages of the group and its descendants. */
  get memoryCurrent(): number {
    return this.#framePages * PAGE_SIZE + this.#zswapBytes;
  }

  /** `memory.max` in bytes; Infinity (`max`) by default. */
  get memoryMax(): number {
    return this.#memoryMaxBytes;
  }

  /** @param bytes - 0..2^53 or Infinity; rounded down to whole pages */
  setMemoryMax(bytes: number): void {
    if (!(bytes >= 0)) throw new RangeError(`memory.max takes bytes or max, not ${bytes}`);
    this.#memoryMaxBytes = bytes === Infinity ? bytes : bytes - (bytes % PAGE_SIZE);
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

  /**
   * The nearest of the group and its ancestors that would be over its `memory.max` with so many
   * page frames more; undefined: they may be charged. The root has no limit.
   *
   * @see mm/memcontrol.c try_charge_memcg
   */
  overMemoryMax(pages: number): Memcg | undefined {
    if (this.parent === undefined) return undefined;
    if (this.memoryCurrent + pages * PAGE_SIZE > this.#memoryMaxBytes) return this;
    return this.parent.overMemoryMax(pages);
  }

  /** Charges page frames to the group and its ancestors. */
  chargeFrames(pages: number): void {
    this.#framePages += pages;
    this.parent?.chargeFrames(pages);
  }

  /** Undoes one {@link chargeFrames} of so many pages, or parts of one. */
  unchargeFrames(pages: number): void {
    assert(this.#framePages >= pages);
    this.#framePages -= pages;
    this.parent?.unchargeFrames(pages);
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

/**
 * Told when a group goes away, before anything else of it changes. One of three upcalls; it runs
 * inside a section and must not wait.
 *
 * @see mm/memcontrol.c mem_cgroup_css_offline, which calls zswap_memcg_offline_cleanup first
 */
export interface MemcgOfflineHook {
  groupOffline(group: Memcg, parent: Memcg): void;
}

/** All groups by id. */
export class MemcgTree {
  readonly root: Memcg = new Memcg(0 as MemcgId, '', undefined);
  readonly #groups: (Memcg | undefined)[] = [this.root];
  readonly #hooks: MemcgOfflineHook[] = [];

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
    (parent.children as Memcg[]).push(group);
    return group;
  }

  /** Registers one that is told before those registered earlier. */
  registerOfflineHook(hook: MemcgOfflineHook): void {
    this.#hooks.unshift(hook);
  }

  /**
   * Takes a group without online children out of use. What is charged to it stays so, and its
   * ancestors' limits count it; to reclaim, it is its parent's. The group itself goes when nothing
   * is charged to it any more.
   */
  offline(group: Memcg): void {
    const { parent } = group;
    assert(parent !== undefined && group.online && this.#groups[group.id] === group);
    assert(!group.children.some(({ online }) => online), 'group has children');
    for (const hook of this.#hooks) hook.groupOffline(group, parent);
    group.online = false;
    this.reap(group);
  }

  /** The group itself if it is online, else the nearest of its ancestors that is. */
  living(group: Memcg): Memcg {
    let at = group;
    while (!at.online) at = present(at.parent);
    return at;
  }

  /** Removes a group that is offline and that nothing is charged to, and such ancestors with it. */
  reap(group: Memcg): void {
    let at: Memcg | undefined = group;
    while (at !== undefined && !at.online && isEmpty(at)) {
      this.remove(at);
      at = at.parent;
    }
  }

  /** Removes a group that is charged nothing and has no children. */
  remove(group: Memcg): void {
    assert(group !== this.root && this.#groups[group.id] === group);
    assert(group.children.length === 0, 'group has children');
    assert(group.zswapCurrent === 0 && isEmpty(group));
    this.#groups[group.id] = undefined;
    const siblings = group.parent?.children as Memcg[] | undefined;
    siblings?.splice(siblings.indexOf(group), 1);
  }

  /**
   * The group that comes next in the order of the tree (a group before its children, those in the
   * order they were made), of those that are online; the root first. Undefined after the last.
   */
  after(group: Memcg | undefined): Memcg | undefined {
    if (group === undefined) return this.root;
    const child = group.children.find(({ online }) => online);
    if (child !== undefined) return child;
    for (let at = group; at.parent !== undefined; at = at.parent) {
      const { children } = at.parent;
      const next = children.slice(children.indexOf(at) + 1).find(({ online }) => online);
      if (next !== undefined) return next;
    }
    return undefined;
  }

  /** The online group that comes before another in that order; undefined before the root. */
  before(group: Memcg): Memcg | undefined {
    let previous: Memcg | undefined;
    for (const each of this.subtree(this.root)) {
      if (each === group) return previous;
      previous = each;
    }
    return undefined;
  }

  /** A group and its descendants that are online, each before its children. */
  *subtree(group: Memcg): Generator<Memcg> {
    if (!group.online) return;
    yield group;
    for (const child of group.children) yield* this.subtree(child);
  }

  /**
   * Puts a group and its descendants that are online into a list from `at` on, each before its
   * children, as {@link subtree}. The list is not made shorter, so that using it again makes no
   * garbage.
   *
   * @returns where they end
   */
  collect(group: Memcg, list: Memcg[], at: number): number {
    if (!group.online) return at;
    list[at] = group;
    let end = at + 1;
    for (const child of group.children) end = this.collect(child, list, end);
    return end;
  }

  /** The groups that exist, the root first. */
  *groups(): Generator<Memcg> {
    for (const group of this.#groups) if (group !== undefined) yield group;
  }
}

/** Says whether nothing is charged to a group and it has no children. */
function isEmpty(group: Memcg): boolean {
  return group.zswappedPages === 0 && group.framePages === 0 && group.children.length === 0;
}
