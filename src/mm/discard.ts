/**
 * Discard: pages of a region become as if they had never been touched, and give back what they
 * hold, wherever that is.
 *
 * @see mm/madvise.c MADV_DONTNEED, mm/memory.c zap_pte_range
 */
import { assert } from '../std/assert.ts';
import { Pace, STRIDE_MAX } from '../rt/pace.ts';
import type { Task } from '../rt/rt.ts';
import { splitFolio, zapPage } from './folio-life.ts';
import type { Mm } from './mm.ts';
import { pteIsPresent, ptePfn } from './page-table.ts';
import type { Region } from './region.ts';

export class Discard implements Task {
  /** Called from an empty stack when a discard that had to yield has ended. */
  onEnd: () => void = () => {};
  readonly #mm: Mm;
  readonly #pace: Pace = new Pace();
  #region: Region | undefined;
  #first = 0;
  #next = 0;
  #end = 0;
  #abandoned = false;

  constructor(mm: Mm) {
    this.#mm = mm;
  }

  /**
   * Begins with pages `first` to before `end`.
   *
   * @returns true: it has ended, as always where there are no more than `STRIDE_MAX` pages; false:
   *   `onEnd` is called
   * @remarks Locks: none; a slot that somebody owns is freed when given up. Waits: for its turn.
   */
  begin(region: Region, first: number, end: number): boolean {
    assert(first >= 0 && first <= end && end <= region.pageCount);
    this.#region = region;
    this.#first = first;
    this.#next = first;
    this.#end = end;
    this.#abandoned = false;
    return this.#forgetWhen(this.#run());
  }

  /** Says that nobody wants the rest: it ends at its next turn. */
  abandon(): void {
    this.#abandoned = true;
  }

  resume(): void {
    if (this.#forgetWhen(this.#run())) this.onEnd();
  }

  /** Lets go of the region once it has ended: records are kept for the next use. */
  #forgetWhen(hasEnded: boolean): boolean {
    if (hasEnded) this.#region = undefined;
    return hasEnded;
  }

  #run(): boolean {
    const region = this.#region;
    assert(region !== undefined);
    const startMs = this.#mm.rt.nowMs();
    let pages = 0;
    while (!this.#abandoned) {
      this.#next = region.table.next(this.#next, this.#end);
      if (this.#next === this.#end) return true;
      this.#zap(region, this.#next);
      this.#next += 1;
      pages += 1;
      if (pages % this.#pace.stride > 0 || this.#end - this.#first <= STRIDE_MAX) continue;
      if (!this.#pace.isOver(this.#mm.rt.nowMs() - startMs)) continue;
      this.#mm.rt.yieldTask(this);
      return false;
    }
    return true;
  }

  #zap(region: Region, index: number): void {
    const { folios } = this.#mm;
    const pte = region.table.get(index);
    if (pteIsPresent(pte)) {
      const head = folios.head(ptePfn(pte));
      const first = folios.index(head);
      const isWhole = first >= this.#first && first + folios.pages(head) <= this.#end;
      const isBusy = folios.pins(head) > 0 || folios.writeback(head);
      if (!isWhole && !isBusy) splitFolio(this.#mm, head);
    }
    zapPage(this.#mm, region, index);
  }
}
