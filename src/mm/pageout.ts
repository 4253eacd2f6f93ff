/**
 * Pageout: the folios of a range of pages are swapped out now, used or not.
 *
 * @see mm/madvise.c MADV_PAGEOUT
 */
import { assert } from '../std/assert.ts';
import type { SlotWaiter } from '../swap/cache.ts';
import { removeFromLru } from './folio-life.ts';
import type { Mm } from './mm.ts';
import { pteIsPresent, ptePfn } from './page-table.ts';
import type { Region } from './region.ts';
import { SwapOut } from './swap-out.ts';

type Stage = 'idle' | 'walk' | 'evicting' | 'flush';

export class Pageout implements SlotWaiter {
  nextWaiter: SlotWaiter | undefined;
  /** Called from an empty stack when a pageout that had to wait has ended. */
  onEnd: () => void = () => {};
  readonly #mm: Mm;
  readonly #out: SwapOut;
  #stage: Stage = 'idle';
  #region: Region | undefined;
  #next = 0;
  #end = 0;
  #abandoned = false;

  constructor(mm: Mm) {
    this.#mm = mm;
    this.#out = new SwapOut(mm, this);
  }

  /** Pages that were freed. */
  get freedPages(): number {
    return this.#out.freedPages;
  }

  /**
   * Begins with pages `first` to before `end`.
   *
   * @returns true: it has ended; false: `onEnd` is called
   */
  begin(region: Region, first: number, end: number): boolean {
    assert(this.#stage === 'idle' && first >= 0 && first <= end && end <= region.pageCount);
    this.#region = region;
    this.#next = first;
    this.#end = end;
    this.#abandoned = false;
    this.#out.begin();
    this.#stage = 'walk';
    return this.#run();
  }

  /** Says that nobody wants the rest: it ends when what it has begun has ended. */
  abandon(): void {
    this.#abandoned = true;
  }

  resume(): void {
    if (this.#run()) this.onEnd();
  }

  #run(): boolean {
    for (;;) {
      switch (this.#stage) {
        case 'walk':
          if (this.#walk() === 'waiting') return false;
          break;
        case 'evicting':
          if (this.#out.run() === 'waiting') return false;
          this.#stage = 'walk';
          break;
        case 'flush':
          if (this.#out.run() === 'waiting') return false;
          this.#stage = 'idle';
          break;
        case 'idle':
          this.#region = undefined;
          return true;
      }
    }
  }

  /** Begins to swap out the next folio, or ends. */
  #walk(): 'waiting' | 'done' {
    const region = this.#region;
    assert(region !== undefined);
    const { folios } = this.#mm;
    for (;;) {
      this.#next = region.table.next(this.#next, this.#end);
      if (this.#next === this.#end || this.#abandoned) {
        this.#stage = 'flush';
        if (this.#out.flush() === 'waiting') return 'waiting';
        this.#stage = 'idle';
        return 'done';
      }
      const pte = region.table.get(this.#next);
      this.#next += 1;
      if (!pteIsPresent(pte)) continue;
      const head = folios.head(ptePfn(pte));
      // One that is on no list is on its way in or out.
      if (!folios.lru(head) || folios.pins(head) > 0) continue;
      removeFromLru(this.#mm, head);
      this.#stage = 'evicting';
      const result = this.#out.evict(head);
      if (result === 'waiting') return 'waiting';
      // Its pages are on the list one by one now: this page is looked at again.
      if (result === 'split') this.#next -= 1;
      this.#stage = 'walk';
      return 'done';
    }
  }
}
