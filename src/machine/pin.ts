/** A pinned page: see `Pin` in `api.ts`. */
import { unpinFolio } from '../mm/folio-life.ts';
import type { Pfn } from '../page/frames.ts';
import { ZswapError } from '../std/error.ts';
import type { Pin } from './api.ts';
import type { MachineCore } from './core.ts';

/** What the region of a pin counts. */
export interface PinCount {
  pins: number;
}

export class PagePin implements Pin {
  readonly page: number;
  readonly #core: MachineCore;
  readonly #region: PinCount;
  #pfn: Pfn;

  /** @param pfn - a frame whose folio was pinned for this */
  constructor(core: MachineCore, region: PinCount, page: number, pfn: Pfn) {
    this.#core = core;
    this.#region = region;
    this.page = page;
    this.#pfn = pfn;
    region.pins += 1;
    core.pinnedPages += 1;
  }

  get bytes(): Uint8Array {
    if (this.#pfn !== 0 && !this.#core.closed) return this.#core.mm.frames.view(this.#pfn);
    throw new ZswapError('ZSWAP_CLOSED', `the pin of page ${this.page} has been released`);
  }

  release(): void {
    if (this.#pfn === 0) return;
    const { mm } = this.#core;
    const pfn = this.#pfn;
    this.#pfn = 0 as Pfn;
    this.#region.pins -= 1;
    this.#core.pinnedPages -= 1;
    // Its memory has gone with the machine, and so has the device that it may have a copy on.
    if (this.#core.closed) return;
    unpinFolio(mm, mm.folios.head(pfn));
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
