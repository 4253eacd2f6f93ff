/**
 * A new page of a region: zeroed, for one that was never touched; or a copy, for one that is shared
 * and to be written to. It gets frames, has them charged, and looks again before it maps them: then
 * somebody else may have been quicker.
 *
 * @see mm/memory.c do_anonymous_page, wp_page_copy
 */
import { assert, present } from '../std/assert.ts';
import type { Memcg } from '../memcg/memcg.ts';
import type { Pfn } from '../page/frames.ts';
import type { Task } from '../rt/rt.ts';
import {
  addToLru,
  beginFolio,
  isExclusive,
  mapPage,
  settleFolio,
  unpinFolio,
} from './folio-life.ts';
import type { Mm } from './mm.ts';
import { PTE_NONE, pteIsPresent, ptePfn } from './page-table.ts';
import type { FrameClaim } from './reclaim/frame-claim.ts';
import type { Region } from './region.ts';

/**
 * Outcome. `again`: the page is mapped, or it is elsewhere by now; look. `smaller`: not as a large
 * folio. `no-room`: its group has none for it as long as the source of the copy is pinned.
 * `no-memory`: its group has none. `blocked`, `waiting`: as for a fault.
 */
export type NewPageResult = 'again' | 'smaller' | 'no-room' | 'no-memory' | 'blocked' | 'waiting';

/**
 * The largest order, up to `largest`, whose aligned range around a page is untouched.
 *
 * @see mm/memory.c alloc_anon_folio
 */
export function untouchedOrder(region: Region, index: number, largest: number): number {
  for (let order = largest; order > 0; order -= 1) {
    const pages = 2 ** order;
    const first = index - (index % pages);
    const end = first + pages;
    if (end <= region.pageCount && region.table.next(first, end) === end) return order;
  }
  return 0;
}

/** A new page under way, preallocated in the fault that it belongs to. */
export class NewPage {
  readonly #mm: Mm;
  readonly #task: Task;
  readonly #claim: FrameClaim;
  #region: Region | undefined;
  /** The first page of the folio to be made. */
  #first = 0;
  #frames = 0 as Pfn;
  #order = 0;
  /** Who has been charged for the frames. */
  #payer: Memcg | undefined;
  /** The folio that is to be copied, pinned; 0: none. */
  #source = 0 as Pfn;

  /** @param task - is woken */
  constructor(mm: Mm, task: Task, claim: FrameClaim) {
    this.#mm = mm;
    this.#task = task;
    this.#claim = claim;
  }

  /**
   * Makes it a copy, and pins what is to be copied: reclaimed for the sake of its copy, it would
   * come back and be reclaimed for ever.
   */
  holdSource(pfn: Pfn): void {
    assert(this.#source === 0);
    this.#source = this.#mm.folios.head(pfn);
    this.#mm.folios.pin(this.#source);
  }

  /** Lets go of what was to be copied, if anything was. */
  dropSource(): void {
    const source = this.#source;
    this.#source = 0 as Pfn;
    if (source !== 0) unpinFolio(this.#mm, source);
  }

  /** Begins with uncharged frames of an order for the page at `index`. */
  begin(region: Region, index: number, frames: Pfn, order: number): void {
    assert(this.#frames === 0 && this.#payer === undefined);
    this.#region = region;
    this.#first = index - (index % 2 ** order);
    this.#frames = frames;
    this.#order = order;
  }

  /** Runs as far as it goes. */
  run(): NewPageResult {
    const region = present(this.#region);
    if (this.#payer === undefined) {
      const result = this.#charge(region);
      if (result !== 'ok') return result;
    }
    const memcg = present(this.#payer);
    this.#payer = undefined;
    if (this.#source === 0) this.#mapZeroed(region, memcg);
    else this.#mapCopy(region, memcg);
    this.dropSource();
    return 'again';
  }

  /** Charges the frames; `ok` if they can be mapped at once. */
  #charge(region: Region): NewPageResult | 'ok' {
    const memcg = this.#mm.payer(region);
    const result = this.#claim.charge(memcg, 2 ** this.#order);
    if (result === 'waiting') return 'waiting';
    if (result !== 'ok') {
      this.#dropFrames();
      if (this.#order > 0) return 'smaller';
      if (result === 'blocked') return 'blocked';
      return this.#source === 0 ? 'no-memory' : 'no-room';
    }
    this.#payer = memcg;
    const { nowait } = this.#claim;
    return !nowait && this.#mm.rt.point('mm.fault.charged', this.#task) ? 'waiting' : 'ok';
  }

  #mapZeroed(region: Region, memcg: Memcg): void {
    const { frames, stats } = this.#mm;
    const first = this.#first;
    const pages = 2 ** this.#order;
    if (!region.mapped || region.table.next(first, first + pages) < first + pages) {
      this.#unclaim(memcg);
      return;
    }
    const pfn = this.#newFolio(region, memcg);
    for (let i = 0; i < pages; i += 1) {
      frames.zero((pfn + i) as Pfn);
      mapPage(this.#mm, region, first + i, (pfn + i) as Pfn);
    }
    present(stats.orders[this.#order]).anon_fault_alloc += 1;
    addToLru(this.#mm, pfn, false);
  }

  /** Gives a page that is shared a copy of its own here. @see mm/memory.c wp_page_copy */
  #mapCopy(region: Region, memcg: Memcg): void {
    const index = this.#first;
    const pte = region.table.get(index);
    const isShared = pteIsPresent(pte) && !isExclusive(this.#mm, region, index, ptePfn(pte));
    if (!isShared) {
      this.#unclaim(memcg);
      return;
    }
    const old = ptePfn(pte);
    const pfn = this.#newFolio(region, memcg);
    this.#mm.frames.copyPage(old, pfn);
    const head = this.#mm.folios.head(old);
    this.#mm.folios.dropMap(head);
    region.table.set(index, PTE_NONE);
    mapPage(this.#mm, region, index, pfn);
    this.#mm.stats.events.pgcow += 1;
    addToLru(this.#mm, pfn, false);
    settleFolio(this.#mm, head);
  }

  /** The claimed frames as a dirty folio of the region. */
  #newFolio(region: Region, memcg: Memcg): Pfn {
    const pfn = this.#frames;
    this.#frames = 0 as Pfn;
    beginFolio(this.#mm, pfn, this.#order, memcg, region, this.#first);
    this.#mm.folios.setUptodate(pfn, true);
    this.#mm.folios.setDirty(pfn, true);
    return pfn;
  }

  /** Somebody else was quicker: gives charged frames back. */
  #unclaim(memcg: Memcg): void {
    memcg.unchargeFrames(2 ** this.#order);
    this.#dropFrames();
  }

  #dropFrames(): void {
    this.#mm.frames.free(this.#frames, this.#order);
    this.#frames = 0 as Pfn;
  }
}
