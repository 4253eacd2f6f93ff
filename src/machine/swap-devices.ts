/**
 * The swap device of a machine, which comes and goes while it runs. Slots are numbers and cost
 * nothing until they are used, so there are more of them than pages of the device: a page in the
 * pool has a slot, too. To remove the device, everything leaves its slots for frames, and what does
 * not fit there leaves those for slots of a new area, whose pages go to the pool only.
 */
import { SwapOff } from '../mm/swapoff.ts';
import { present } from '../std/assert.ts';
import { EBUSY, OK, type Errno } from '../std/errno.ts';
import { ZswapError } from '../std/error.ts';
import type { Backing } from '../swap/backing.ts';
import type { SwapArea } from '../swap/info.ts';
import type { AbortSignalLike } from './api.ts';
import type { MachineCore } from './core.ts';
import { UnderWay } from './under-way.ts';

/** Slots of an area: several fit in what a page table can name, for there are two at times. */
const AREA_PAGES = 2 ** 28;

export class SwapDevices {
  readonly #core: MachineCore;
  readonly #underWay = new UnderWay();
  #areas: SwapArea[] = [];
  #swapOff: SwapOff | undefined;

  constructor(core: MachineCore) {
    this.#core = core;
    this.#addArea();
  }

  get isSwappingOff(): boolean {
    return this.#swapOff !== undefined;
  }

  async swapon(open: () => Promise<Backing>): Promise<void> {
    const { swap } = this.#core.stack;
    this.#assertIdle();
    if (swap.backing !== undefined) {
      throw new ZswapError('ZSWAP_BUSY', 'the machine has a swap device already');
    }
    this.#underWay.begin();
    try {
      swap.setBacking(await open());
    } finally {
      this.#underWay.end();
    }
  }

  async swapoff(signal: AbortSignalLike | undefined): Promise<void> {
    const { stack, mm } = this.#core;
    const { backing } = stack.swap;
    this.#assertIdle();
    if (backing === undefined) throw new ZswapError('ZSWAP_BUSY', 'there is no swap device');
    const swapOff = new SwapOff(mm);
    const abort = (): void => {
      swapOff.aborted = true;
    };
    this.#swapOff = swapOff;
    this.#underWay.begin();
    signal?.addEventListener('abort', abort);
    // From here on nothing new goes to the device.
    stack.memcgs.root.setWriteback(false);
    try {
      await this.#empty(swapOff, backing, signal);
      while (backing.bios.inUse > 0) await stack.rt.yieldNow();
      stack.swap.setBacking(undefined);
      await backing.device.close();
    } finally {
      signal?.removeEventListener('abort', abort);
      stack.memcgs.root.setWriteback(true);
      this.#swapOff = undefined;
      this.#underWay.end();
    }
  }

  /** Resolves when no device is being opened or removed; a removal is given up. */
  async settled(): Promise<void> {
    if (this.#swapOff !== undefined) this.#swapOff.aborted = true;
    await this.#underWay.settled();
  }

  /**
   * Moves what is in the areas to frames and to a new area, until nothing is on the device. There
   * is more than one area if this has failed before.
   */
  async #empty(
    swapOff: SwapOff,
    backing: Backing,
    signal: AbortSignalLike | undefined,
  ): Promise<void> {
    const { stack } = this.#core;
    // What is being written meanwhile counts as used. Nobody is waited for: who finds the pool full
    // sets the shrink worker going again and again, and only the end of this makes room.
    while (backing.usedPages > 0) {
      if (this.#areas.length === 1) this.#addArea();
      const area = present(this.#areas[0]);
      await new Promise<void>((resolve) => {
        swapOff.onEnd = resolve;
        swapOff.begin(area);
        if (signal?.aborted === true) swapOff.aborted = true;
      });
      if (swapOff.error !== OK) throw this.#whyNot(swapOff.error, signal);
      this.#areas = this.#areas.filter((other) => other !== area);
      await stack.rt.yieldNow();
    }
  }

  #whyNot(error: Errno, signal: AbortSignalLike | undefined): unknown {
    if (signal?.aborted === true) return signal.reason;
    const message = 'the swap device cannot be removed';
    if (error !== EBUSY) return this.#core.failure(error, message);
    return new ZswapError('ZSWAP_BUSY', `${message}: pages of it are in use`);
  }

  #assertIdle(): void {
    if (this.#underWay.count === 0) return;
    throw new ZswapError('ZSWAP_BUSY', 'the swap device is being opened or removed');
  }

  #addArea(): void {
    const { stack, mm } = this.#core;
    const area = stack.swap.swapon('swap', AREA_PAGES, stack.memcgs.root);
    this.#areas = [...this.#areas, area];
    mm.swapon(area);
  }
}
