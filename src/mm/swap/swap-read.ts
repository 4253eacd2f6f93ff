/**
 * Swap read: pages of a folio come from the device into its frames, as many in one read as follow
 * one another there. Their slots are owned, so nobody writes there or gives the pages away. What
 * was read is checked against what was written before anybody sees it.
 *
 * @see mm/page_io.c swap_read_folio
 */
import { assert, present } from '../../std/assert.ts';
import { EBADMSG, EIO, OK, type Errno } from '../../std/errno.ts';
import type { Pfn } from '../../page/frames.ts';
import type { Backing } from '../../swap/backing.ts';
import type { SlotWaiter } from '../../swap/cache.ts';
import { BIO_PAGES, type Bio } from '../../swap/device/device.ts';
import type { SwapSlot } from '../../swap/table.ts';
import type { Mm } from '../mm.ts';
import type { Region } from '../region.ts';

/** Outcome. `failed`: `error` says why. `waiting`: as for a fault. */
export type SwapReadResult = 'read' | 'failed' | 'waiting';

/** One read, preallocated in the swap-in that it belongs to. */
export class SwapRead {
  error: Errno = OK;
  /** Pages that have been read. */
  pages = 0;
  readonly #mm: Mm;
  readonly #owner: SlotWaiter;
  readonly #bioDone = (): void => this.#mm.rt.wake(this.#owner);
  #slot = 0 as SwapSlot;
  #frame = 0 as Pfn;
  #most = 0;
  #region: Region | undefined;
  #index = 0;
  #bio: Bio | undefined;

  /** @param owner - has the slots, and is woken */
  constructor(mm: Mm, owner: SlotWaiter) {
    this.#mm = mm;
    this.#owner = owner;
  }

  get #backing(): Backing {
    return present(this.#mm.swap.backing);
  }

  /**
   * Begins to read a page from the device; the owner has to wait, and to call {@link run}.
   *
   * @param frame - of a folio; those of the pages after it follow
   * @param most - pages to read at most
   * @param region - whose pages around `index` are to be read ahead; undefined: none are
   */
  begin(slot: SwapSlot, frame: Pfn, most: number, region: Region | undefined, index: number): void {
    assert(this.#bio === undefined);
    this.#slot = slot;
    this.#frame = frame;
    this.#most = Math.min(BIO_PAGES, most);
    this.#region = region;
    this.#index = index;
    const bio = this.#backing.bios.take(this.#owner);
    if (bio !== undefined) this.#submit(bio);
  }

  /** Goes on after a wait. */
  run(): SwapReadResult {
    if (this.#bio !== undefined) return this.#finish(this.#bio);
    this.#submit(this.#backing.bios.takePromised());
    return 'waiting';
  }

  #submit(bio: Bio): void {
    const { swap, readahead } = this.#mm;
    const { table } = swap;
    this.#bio = bio;
    bio.devicePage = table.payload(this.#slot);
    bio.pageCount = 1;
    while (bio.pageCount < this.#most) {
      const slot = (this.#slot + bio.pageCount) as SwapSlot;
      const follows = table.payload(slot) === bio.devicePage + bio.pageCount;
      if (table.kind(slot) !== 'device' || !follows) break;
      bio.pageCount += 1;
    }
    bio.onDone = this.#bioDone;
    this.#backing.submit(bio, false);
    if (this.#region !== undefined) readahead.start(this.#region, this.#index, this.#slot);
  }

  #finish(bio: Bio): SwapReadResult {
    const { swap, frames } = this.#mm;
    const backing = this.#backing;
    const pages = bio.pageCount;
    let error: Errno = bio.error === OK ? OK : EIO;
    if (error !== OK) backing.countError(false);
    for (let i = 0; i < pages && error === OK; i += 1) {
      if (!backing.verify(bio, i)) error = EBADMSG;
      else frames.view((this.#frame + i) as Pfn).set(present(bio.pages[i]));
    }
    backing.bios.put(bio);
    this.#bio = undefined;
    this.error = error;
    if (error !== OK) return 'failed';
    const group = this.#mm.groupOf(this.#frame);
    swap.vmstat.pswpin += pages;
    group.events.pswpin += pages;
    group.diskSwapins += pages;
    this.pages = pages;
    return 'read';
  }
}
