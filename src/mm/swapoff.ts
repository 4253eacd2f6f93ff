/**
 * Swapoff: everything that an area holds comes back into frames, or into other areas when frames
 * are short, until none of its slots is used. A page that cannot be read keeps its slot, and the
 * area stays.
 *
 * @see mm/swapfile.c try_to_unuse
 */
import { assert, present } from '../std/assert.ts';
import { EBUSY, OK, type Errno } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Pfn } from '../page/frames.ts';
import type { Task } from '../rt/rt.ts';
import type { SwapArea } from '../swap/info.ts';
import type { SwapSlots } from '../swap/slots.ts';
import type { SwapSlot } from '../swap/table.ts';
import { Access, type AccessResult } from './access.ts';
import { dropSwap, reapFolio } from './folio-life.ts';
import type { Mm } from './mm.ts';
import { pteIsPresent, pteIsSwap, ptePfn, pteSlot } from './page-table.ts';
import type { Region } from './region.ts';

/** Rounds over all regions without a slot less after which it is given up. */
const ROUNDS_MAX = 16;

export class SwapOff implements Task {
  /** Why it was given up; 0: it has not been. */
  error: Errno = OK;
  /** Set from outside: give up at the next page. */
  aborted = false;
  /** Called from an empty stack when it has ended. */
  onEnd: () => void = () => {};
  readonly #mm: Mm;
  readonly #access: Access;
  #area: SwapArea | undefined;
  #slots: SwapSlots | undefined;
  #regions: Region[] = [];
  #index = 0;
  #rounds = 0;
  #usedBefore = Infinity;

  constructor(mm: Mm) {
    this.#mm = mm;
    this.#access = new Access(mm);
    this.#access.onEnd = (_, result) => this.#readEnded(result);
  }

  /** Begins; `onEnd` is called, never from inside. */
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
      if (region === undefined) {
        if (this.#endRound()) return;
        continue;
      }
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
    const slot = pteIsSwap(pte) ? pteSlot(pte) : -1;
    return slot >= firstSlot && slot < firstSlot + pageCount;
  }

  #readEnded(result: AccessResult): void {
    this.#noteRead(result);
    this.#run();
  }

  /** The page is present, or cannot be: what the area has of it goes. */
  #noteRead(result: AccessResult): void {
    if (result === 'failed') {
      this.error = this.#access.error;
      return;
    }
    const pte = present(this.#regions.at(-1)).table.get(this.#index);
    if (pteIsPresent(pte)) this.#detach(this.#mm.folios.head(ptePfn(pte)));
    this.#index += 1;
  }

  /** Makes a folio independent of its slots. */
  #detach(pfn: Pfn): void {
    const { folios } = this.#mm;
    if (folios.slot(pfn) < 0 || folios.writeback(pfn)) return;
    folios.setDirty(pfn, true);
    dropSwap(this.#mm, pfn);
    reapFolio(this.#mm, pfn);
  }

  /** All regions have been gone through: sees to slots that only folios use; true: stop here. */
  #endRound(): boolean {
    const slots = present(this.#slots);
    let slot = slots.nextAllocated(slots.area.firstSlot);
    while (slot >= 0) {
      const pfn = this.#mm.swapCache.get(slot as SwapSlot) as Pfn;
      if (pfn !== 0) this.#detach(this.#mm.folios.head(pfn));
      slot = slots.nextAllocated(slot + 1);
    }
    if (slots.usedSlots === 0) {
      this.#end(true);
      return true;
    }
    this.#rounds = slots.usedSlots < this.#usedBefore ? 0 : this.#rounds + 1;
    this.#usedBefore = slots.usedSlots;
    if (this.#rounds > ROUNDS_MAX) this.error = EBUSY;
    this.#beginRound();
    // Those whose slots are busy need a turn to give them up.
    this.#mm.rt.yieldTask(this);
    return true;
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
