/**
 * Tells a page that comes back soon after it was reclaimed, and so belongs to its group's working
 * set, from one that comes back after long. Each group has an age, which advances by the pages
 * that are evicted from or activated in its lists; an evicted page leaves the age behind at its
 * slot, as a shadow. When the page is read again, the difference is how much larger the inactive
 * list would have had to be to keep it. If the active list has as much, the page had better take
 * the place of an active one, and starts out active.
 *
 *     shadow:  0                                                none
 *              1 + 2 * (age in buckets mod AGES) + workingset   1..65534
 *
 * Sixteen bits lose something twice. Ages are rounded down to buckets of 2^n pages, and they come
 * round: n is such that this takes {@link SPAN} times the pages that fit in memory, so a bucket is
 * at most a 256th part of memory, and a page that is away for longer is taken for a recent one
 * with a chance of at most one in SPAN. When the limit of memory changes n, the shadows of before
 * are misread. A wrong answer puts a page on the wrong list, no more.
 *
 * @see mm/workingset.c
 */
import { assert, present } from '../../std/assert.ts';
import type { MemcgId } from '../../memcg/memcg.ts';
import type { Lruvecs } from './lruvec.ts';

/** Ages that can be told apart, so that no shadow is 0 or has more than 16 bits. */
const AGES = 2 ** 15 - 1;
/** Times the memory's pages that may be evicted before an age is used again. */
const SPAN = 64;

/** What to do with a page that was read again. */
export interface Refault {
  /** It came back soon: it goes to the active list. */
  readonly activate: boolean;
  /** It was active before it was evicted: it gets the workingset flag back. */
  readonly workingset: boolean;
}

const STALE: Refault = Object.freeze({ activate: false, workingset: false });
const RECENT: Refault = Object.freeze({ activate: true, workingset: false });
const RESTORED: Refault = Object.freeze({ activate: true, workingset: true });

export class Workingset {
  readonly #lruvecs: Lruvecs;
  /** By group: pages evicted and activated so far (kernel `nonresident_age`). */
  #ages = new Float64Array(8);
  #bucketPages: number;
  #refaults = 0;
  #activates = 0;
  #restores = 0;

  /** @param pageLimit - pages that fit in memory */
  constructor(lruvecs: Lruvecs, pageLimit: number) {
    this.#lruvecs = lruvecs;
    this.#bucketPages = bucketPages(pageLimit);
  }

  /** Pages that were read again and had a shadow (kernel `workingset_refault_anon`). */
  get refaults(): number {
    return this.#refaults;
  }

  /** Of {@link refaults}, those that came back soon (kernel `workingset_activate_anon`). */
  get activates(): number {
    return this.#activates;
  }

  /** Of {@link activates}, those that had been active (kernel `workingset_restore_anon`). */
  get restores(): number {
    return this.#restores;
  }

  /** Tells how many pages fit in memory from now on. */
  setPageLimit(pageLimit: number): void {
    this.#bucketPages = bucketPages(pageLimit);
  }

  /**
   * Notes that a folio leaves memory.
   *
   * @param workingset - the folio's flag: it was active once
   * @returns the shadow for its slots, never 0
   * @see mm/workingset.c workingset_eviction
   */
  evict(group: MemcgId, pages: number, workingset: boolean): number {
    const shadow = 1 + 2 * this.#bucket(group) + (workingset ? 1 : 0);
    this.#advance(group, pages);
    return shadow;
  }

  /** Notes that a folio was activated because of its use. @see workingset_activation */
  activation(group: MemcgId, pages: number): void {
    this.#advance(group, pages);
  }

  /**
   * Says where a folio belongs that was read again.
   *
   * The list it is compared to is the active one: a page that was used only a little later than
   * the inactive list could show must compete with the active pages, and there are no others.
   *
   * @param group - the one that the slot was charged to when the page was evicted; for another,
   *   the answer is arbitrary
   * @param shadow - of the slot, not 0
   * @see mm/workingset.c workingset_test_recent, workingset_refault
   */
  refault(group: MemcgId, shadow: number, pages: number): Refault {
    assert(shadow > 0 && shadow <= 2 * AGES);
    this.#refaults += pages;
    const evicted = (shadow - 1) >>> 1;
    const buckets = (this.#bucket(group) - evicted + AGES) % AGES;
    if (buckets * this.#bucketPages > this.#lruvecs.activePages(group)) return STALE;
    this.#advance(group, pages);
    this.#activates += pages;
    if (((shadow - 1) & 1) === 0) return RECENT;
    this.#restores += pages;
    return RESTORED;
  }

  #bucket(group: MemcgId): number {
    const age = group < this.#ages.length ? present(this.#ages[group]) : 0;
    return Math.floor(age / this.#bucketPages) % AGES;
  }

  #advance(group: MemcgId, pages: number): void {
    assert(pages > 0);
    if (group >= this.#ages.length) {
      const wider = new Float64Array(2 ** Math.ceil(Math.log2(group + 1)));
      wider.set(this.#ages);
      this.#ages = wider;
    }
    this.#ages[group] = present(this.#ages[group]) + pages;
  }
}

/** Pages to a bucket of ages: a power of two, as small as the 15 bits allow. */
function bucketPages(pageLimit: number): number {
  assert(pageLimit >= 0);
  let pages = 1;
  while (pages * AGES < pageLimit * SPAN) pages *= 2;
  return pages;
}
