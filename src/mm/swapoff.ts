/**
 * Swapoff: everything that an area holds comes back into frames, or into other areas when frames
 * are short, until none of its slots is used. A page that cannot be read keeps its slot, and the
 * area stays.
 *
 * It goes in rounds: through all regions, page by page; then through the slots that are still used,
 * which are those of folios that nobody maps, and those that somebody is at.
 *
 * @see mm/swapfile.c try_to_unuse
 */
import { assert, present } from '../std/assert.ts';
import { EBUSY, OK, type Errno } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Pfn } from '../page/frames.ts';
import { Slice } from '../rt/slice.ts';
import type { SlotWaiter } from '../swap/cache.ts';
import type { SwapArea } from '../swap/info.ts';
import type { SwapSlots } from '../swap/slots.ts';
import type { SwapSlot } from '../swap/table.ts';
import { Access, type AccessResult } from './access.ts';
import { detachFolio } from './folio-life.ts';
import type { Mm } from './mm.ts';
import { pteIsPresent, pteIsSwap, ptePfn, pteSlot } from './page-table.ts';
import type { Region } from './region.ts';

/** Rounds without a slot less after which it is given up. */
const ROUNDS_MAX = 16;
const NO_SLOT = -1;

export class SwapOff implements SlotWaiter {
  nextWaiter: SlotWaiter | undefined;
  /** Why it was given up; 0: it has not been. */
  error: Errno = OK;
  /** Set from outside: give up at the next page. */
  aborted = false;
  /** Called from an empty stack when it has ended. */
  onEnd: () => void = () => {};
  readonly #mm: Mm;
  readonly #access: Access;
  readonly #slice: Slice;
  #area: SwapArea | undefined;
  #slots: SwapSlots | undefined;
  #regions: Region[] = [];
  #index = 0;
  #rounds = 0;
  #usedBefore = Infinity;
  /** The slot that it waits for. */
  #awaited: SwapSlot | typeof NO_SLOT = NO_SLOT;

  constructor(mm: Mm) {
    this.#mm = mm;
    this.#slice = new Slice(mm.rt);
    this.#access = new Access(mm);
    this.#access.onEnd = (_, result) => this.#readEnded(result);
  }

  /**
   * Begins; `onEnd` is called, never from inside.
   *
   * @remarks Locks: those of the faults it makes. Waits: as a fault; for slots that others own, and
   *   for its turn.
   */
  begin(area: SwapArea): void {
    this.#area = area;
    this.#slots = this.#mm.areas.of(area);
    this.#mm.areas.setOpen(area, false);
    this.error = OK;
    this.aborted = false;
    this.#rounds = 0;
    this.#usedBefore = Infinity;
    this.#beginRound();
    this.#mm.rt.wake(this);
  }

  resume(): void {
    if (this.#awaited !== NO_SLOT) {
      // It was only waited for: what it holds now, the next round sees.
      this.#mm.swap.cache.unlock(this.#awaited, this);
      this.#awaited = NO_SLOT;
    }
    this.#slice.begin();
    this.#run();
  }

  #beginRound(): void {
    this.#regions = [...this.#mm.regions()];
    this.#index = 0;
  }

  /** Brings pages back until one has to wait. */
  #run(): void {
    for (;;) {
      if (this.aborted && this.error === OK) this.error = EBUSY;
      if (this.error !== OK) return this.#end(false);
      const region = this.#regions.at(-1);
      if (region === undefined) return this.#endRound();
      if (this.#slice.isOver(this)) return;
      const { table, pageCount } = region;
      this.#index = table.next(this.#index, pageCount);
      if (this.#index === pageCount) {
        this.#regions.pop();
        this.#index = 0;
        continue;
      }
      if (!this.#isInArea(region)) {
        this.#index += 1;
        continue;
      }
      const result = this.#access.begin('touch', region, this.#index * PAGE_SIZE, PAGE_SIZE);
      if (result === 'waiting') return;
      this.#noteRead(result);
    }
  }

  #isInArea({ table }: Region): boolean {
    const pte = table.get(this.#index);
    const { firstSlot, pageCount } = present(this.#area);
    const slot = pteIsSwap(pte) ? pteSlot(pte) : NO_SLOT;
    return slot >= firstSlot && slot < firstSlot + pageCount;
  }

  #readEnded(result: AccessResult): void {
    this.#noteRead(result);
    this.#slice.begin();
    this.#run();
  }

  /** The page is present, or cannot be: what the area has of it goes. */
  #noteRead(result: AccessResult): void {
    const region = present(this.#regions.at(-1));
    if (result === 'failed' && region.mapped) {
      this.error = this.#access.error;
      return;
    }
    const pte = region.table.get(this.#index);
    if (pteIsPresent(pte)) detachFolio(this.#mm, this.#mm.folios.head(ptePfn(pte)));
    this.#index += 1;
  }

  /** All regions have been gone through: sees to the slots that are left. */
  #endRound(): void {
    const { usedSlots } = present(this.#slots);
    const busy = this.#detachCached();
    if (present(this.#slots).usedSlots === 0) {
      this.#end(true);
      return;
    }
    this.#rounds = usedSlots < this.#usedBefore ? 0 : this.#rounds + 1;
    this.#usedBefore = usedSlots;
    if (this.#rounds > ROUNDS_MAX) this.error = EBUSY;
    this.#beginRound();
    if (busy === NO_SLOT || this.error !== OK) {
      this.#mm.rt.yieldTask(this);
      return;
    }
    // To queue for a slot that is dying would keep it from being freed.
    if (this.#mm.areas.isDying(busy)) {
      this.#mm.areas.waitForDying(this);
      return;
    }
    const taken = this.#mm.swap.cache.lock(busy, this);
    assert(!taken);
    this.#awaited = busy;
  }

  /** Detaches the folios in the swap cache; returns a slot that somebody owns, if there is one. */
  #detachCached(): SwapSlot | typeof NO_SLOT {
    const { swap, swapCache, folios } = this.#mm;
    const slots = present(this.#slots);
    let busy: SwapSlot | typeof NO_SLOT = NO_SLOT;
    let slot = slots.nextAllocated(slots.area.firstSlot);
    for (; slot !== NO_SLOT; slot = slots.nextAllocated(slot + 1)) {
      const pfn = swapCache.get(slot) as Pfn;
      if (pfn !== 0) detachFolio(this.#mm, folios.head(pfn));
      if (swap.cache.isBusy(slot)) busy = slot;
    }
    return busy;
  }

  #end(done: boolean): void {
    const area = present(this.#area);
    assert(done || this.error !== OK);
    if (done) {
      this.#mm.areas.remove(area);
      this.#mm.swap.swapoff(area);
    } else this.#mm.areas.setOpen(area, true);
    this.#regions = [];
    this.onEnd();
  }
}
