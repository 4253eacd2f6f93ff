/**
 * The pages in memory of each group, as an active and an inactive list of folios. Reclaim takes
 * the oldest inactive folios and, when these are few, moves the oldest active ones after them. The
 * links are the folios' own; a list is old at its head. Lengths are in pages, as limits are: a
 * large folio counts for all it has.
 *
 * @see mm/vmscan.c, struct lruvec
 */
import { assert } from '../../std/assert.ts';
import { LinkedList, type Links } from '../../std/list.ts';
import { GIB, PAGE_SIZE } from '../../std/units.ts';
import type { MemcgId } from '../../memcg/memcg.ts';

const PAGES_PER_GIB = GIB / PAGE_SIZE;

class Lruvec {
  readonly active: LinkedList;
  readonly inactive: LinkedList;
  activePages = 0;
  inactivePages = 0;

  constructor(links: Links) {
    this.active = new LinkedList(links);
    this.inactive = new LinkedList(links);
  }
}

export class Lruvecs {
  readonly #links: Links;
  readonly #lruvecs: (Lruvec | undefined)[] = [];

  /** @param links - the columns of the folios, by pfn */
  constructor(links: Links) {
    this.#links = links;
  }

  activePages(group: MemcgId): number {
    return this.#lruvecs[group]?.activePages ?? 0;
  }

  inactivePages(group: MemcgId): number {
    return this.#lruvecs[group]?.inactivePages ?? 0;
  }

  /** The group's oldest active folio, 0 if it has none. */
  oldestActive(group: MemcgId): number {
    return this.#lruvecs[group]?.active.head ?? 0;
  }

  /** The group's oldest inactive folio, 0 if it has none. */
  oldestInactive(group: MemcgId): number {
    return this.#lruvecs[group]?.inactive.head ?? 0;
  }

  /** Adds a folio that is on no list, as the youngest. @param pages - of the folio */
  add(group: MemcgId, pfn: number, pages: number, active: boolean): void {
    assert(pages > 0);
    const lruvec = this.#lruvec(group);
    if (active) {
      lruvec.active.pushTail(pfn);
      lruvec.activePages += pages;
    } else {
      lruvec.inactive.pushTail(pfn);
      lruvec.inactivePages += pages;
    }
  }

  /** Takes a folio off the list it is on. */
  remove(group: MemcgId, pfn: number, pages: number, active: boolean): void {
    const lruvec = this.#lruvec(group);
    if (active) {
      lruvec.active.remove(pfn);
      lruvec.activePages -= pages;
      assert(lruvec.activePages >= 0);
    } else {
      lruvec.inactive.remove(pfn);
      lruvec.inactivePages -= pages;
      assert(lruvec.inactivePages >= 0);
    }
  }

  /** Makes an inactive folio the youngest active one. @see mm/swap.c folio_activate */
  activate(group: MemcgId, pfn: number, pages: number): void {
    this.remove(group, pfn, pages, false);
    this.add(group, pfn, pages, true);
  }

  /** Makes an active folio the youngest inactive one. @see mm/vmscan.c shrink_active_list */
  deactivate(group: MemcgId, pfn: number, pages: number): void {
    this.remove(group, pfn, pages, true);
    this.add(group, pfn, pages, false);
  }

  /** Makes a folio the youngest of the list it is on. */
  rotate(group: MemcgId, pfn: number, active: boolean): void {
    const lruvec = this.#lruvec(group);
    if (active) lruvec.active.rotate(pfn);
    else lruvec.inactive.rotate(pfn);
  }

  /**
   * Says whether the group has too few inactive pages for the use of them to be seen before they
   * are reclaimed. The larger the memory, the smaller a part of it that takes.
   */
  inactiveIsLow(group: MemcgId): boolean {
    const inactive = this.inactivePages(group);
    const active = this.activePages(group);
    return inactive * inactiveRatio(inactive + active) < active;
  }

  /** Moves a group's folios before another's, where they are the next to go. */
  reparent(from: MemcgId, to: MemcgId): void {
    const source = this.#lruvecs[from];
    if (source === undefined) return;
    const target = this.#lruvec(to);
    assert(source !== target);
    target.active.spliceFront(source.active);
    target.inactive.spliceFront(source.inactive);
    target.activePages += source.activePages;
    target.inactivePages += source.inactivePages;
    source.activePages = 0;
    source.inactivePages = 0;
  }

  #lruvec(group: MemcgId): Lruvec {
    let lruvec = this.#lruvecs[group];
    if (lruvec === undefined) {
      lruvec = new Lruvec(this.#links);
      this.#lruvecs[group] = lruvec;
    }
    return lruvec;
  }
}

/**
 * Active pages that there may be for one inactive page: 1 below a GiB, then the whole part of the
 * root of ten times the whole GiB.
 *
 * @see mm/vmscan.c inactive_is_low
 */
export function inactiveRatio(pages: number): number {
  const gib = Math.floor(pages / PAGES_PER_GIB);
  return gib === 0 ? 1 : Math.floor(Math.sqrt(10 * gib));
}
