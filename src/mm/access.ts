/**
 * Access: reads from, writes to, or pins pages of a region, faulting them in one after the other.
 * What was copied to or from a page was copied in the section in which the page was found present.
 */
import { assert } from '../std/assert.ts';
import { EINVAL, OK, type Errno } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { zeroFill } from '../page/page.ts';
import { Pace, STRIDE_MAX } from '../rt/pace.ts';
import type { Pfn } from '../page/frames.ts';
import type { SlotWaiter } from '../swap/cache.ts';
import { loadPage } from '../zswap/load.ts';
import { Fault, type FaultAccess } from './fault.ts';
import { markDirty } from './folio-life.ts';
import type { Mm } from './mm.ts';
import { pteIsPresent, pteIsSwap, pteIsWritable, ptePfn, pteSlot } from './page-table.ts';
import type { Region } from './region.ts';

/** `touch`: brings pages in and does nothing to them. */
export type AccessOp = 'read' | 'write' | 'touch' | 'pin';

/**
 * Outcome. `done`; `failed`: `error` says why, and `done` how many bytes were moved before;
 * `blocked`: it would have to wait and must not; `abandoned`: nobody wants it any more, and nothing
 * has been moved since that was said; `waiting`: the task has been parked.
 */
export type AccessResult = 'done' | 'failed' | 'blocked' | 'abandoned' | 'waiting';

/** How an access goes about it. */
export interface AccessHow {
  readonly write?: boolean;
  readonly nowait?: boolean;
  readonly stay?: boolean;
}

const NOBYTES = new Uint8Array(0);

/** Bytes up to which a loop copies them: it needs no view, which would be garbage. */
const LOOP_BYTES_MAX = 256;

export class Access implements SlotWaiter {
  nextWaiter: SlotWaiter | undefined;
  error: Errno = OK;
  /** Bytes moved. */
  done = 0;
  /** The pinned frame, after `pin`. */
  pfn = 0 as Pfn;
  /** Called from an empty stack when an access that had to wait has ended. */
  onEnd: (access: Access, result: AccessResult) => void = () => {};
  readonly #mm: Mm;
  readonly #fault: Fault;
  #region: Region | undefined;
  #op: AccessOp = 'read';
  #offset = 0;
  #length = 0;
  #bytes: Uint8Array = NOBYTES;
  #faulting = false;
  #access: FaultAccess = READ;
  #stay = false;
  #abandoned = false;
  readonly #pace = new Pace();
  /** Pages since the last look at the clock, and when this slice began; NaN: not looked at yet. */
  #slicePages = 0;
  #sliceStart = Number.NaN;

  constructor(mm: Mm) {
    this.#mm = mm;
    this.#fault = new Fault(mm, this);
  }

  /**
   * Begins.
   *
   * @param bytes - `length` bytes to read to or write from; not used by the other verbs
   * @param write - the page is pinned or touched for writing
   * @param stay - what is read from the pool stays there, and nothing makes way for it
   */
  begin(
    op: AccessOp,
    region: Region,
    offset: number,
    length: number,
    bytes: Uint8Array = NOBYTES,
    options: AccessHow = {},
  ): AccessResult {
    assert(!this.#faulting && offset >= 0 && offset + length <= region.pageCount * PAGE_SIZE);
    assert(op !== 'pin' || length === PAGE_SIZE);
    this.#op = op;
    this.#region = region;
    this.#offset = offset;
    this.#length = length;
    this.#bytes = bytes;
    this.#stay = options.stay === true && op === 'read';
    this.#access = accessOf(op, options.write === true, options.nowait === true);
    this.done = 0;
    this.error = OK;
    this.#abandoned = false;
    this.#slicePages = 0;
    this.#sliceStart = Number.NaN;
    return this.#ended(this.#run());
  }

  /** Says that nobody wants what is under way any more: it ends soon, and moves nothing more. */
  abandon(): void {
    this.#abandoned = true;
  }

  resume(): void {
    const result = this.#ended(this.#run());
    if (result !== 'waiting') this.onEnd(this, result);
  }

  /** Lets go of what is its user's once it has ended: records are kept for the next use. */
  #ended(result: AccessResult): AccessResult {
    if (result === 'waiting') return result;
    this.#bytes = NOBYTES;
    this.#region = undefined;
    return result;
  }

  #run(): AccessResult {
    const region = this.#region;
    assert(region !== undefined);
    while (this.done < this.#length) {
      if (!this.#faulting && this.#abandoned) return 'abandoned';
      if (!this.#faulting && this.#lostBytes()) return 'failed';
      if (this.#sliceOver()) return 'waiting';
      const at = this.#offset + this.done;
      const index = Math.floor(at / PAGE_SIZE);
      const within = at % PAGE_SIZE;
      const take = Math.min(PAGE_SIZE - within, this.#length - this.done);
      if (!this.#faulting) {
        if (this.#quickly(region, index, within, take)) continue;
        if (this.#stay && this.#readPool(region, index, within, take)) continue;
        this.#fault.begin(region, index, this.#access);
        this.#faulting = true;
      }
      const result = this.#fault.run();
      if (result === 'waiting') return 'waiting';
      this.#faulting = false;
      if (this.#abandoned) return 'abandoned';
      if (this.#lostBytes()) return 'failed';
      if (result === 'failed') {
        this.error = this.#fault.error;
        return 'failed';
      }
      if (result === 'blocked') {
        if (this.#op === 'read' && this.#readPool(region, index, within, take)) continue;
        return 'blocked';
      }
      if (result === 'mapped') this.#move(this.#fault.pfn, within, take);
      else this.#readZeros(take);
    }
    return 'done';
  }

  /** The caller's bytes can be detached or shrunk while this waits; nothing is moved then. */
  #lostBytes(): boolean {
    if (this.#op === 'touch' || this.#op === 'pin') return false;
    if (this.#bytes.length >= this.#length) return false;
    this.error = EINVAL;
    return true;
  }

  /** In long accesses that may wait, lets others run when a slice is over. */
  #sliceOver(): boolean {
    if (this.#access.nowait || this.#faulting) return false;
    this.#slicePages += 1;
    const isFirst = Number.isNaN(this.#sliceStart);
    // One that ends before the first look makes no garbage, which a reading of the clock is.
    if (this.#slicePages <= (isFirst ? STRIDE_MAX : this.#pace.stride)) return false;
    const now = this.#mm.rt.nowMs();
    this.#slicePages = 0;
    if (isFirst || !this.#pace.isOver(now - this.#sliceStart)) {
      if (isFirst) this.#sliceStart = now;
      return false;
    }
    this.#sliceStart = Number.NaN;
    this.#mm.rt.yieldTask(this);
    return true;
  }

  /** Serves a page that is present, or was never touched, without a fault. */
  #quickly(region: Region, index: number, within: number, take: number): boolean {
    const pte = region.table.get(index);
    if (pteIsPresent(pte)) {
      const pfn = ptePfn(pte);
      const { write, pin } = this.#access;
      if ((write || pin) && !pteIsWritable(pte)) return false;
      if (write) {
        markDirty(this.#mm, this.#mm.folios.head(pfn));
      }
      this.#mm.folios.setAccessed(pfn, true);
      this.#move(pfn, within, take);
      return true;
    }
    if (pteIsSwap(pte) || this.#access.write || this.#access.pin) return false;
    this.#readZeros(take);
    return true;
  }

  #move(pfn: Pfn, within: number, take: number): void {
    const { frames, folios } = this.#mm;
    if (this.#op === 'read') {
      copyBytes(frames.view(pfn), within, this.#bytes, this.done, take);
    } else if (this.#op === 'write') {
      copyBytes(this.#bytes, this.done, frames.view(pfn), within, take);
    } else if (this.#op === 'pin') {
      folios.pin(folios.head(pfn));
      this.pfn = pfn;
    }
    this.done += take;
  }

  #readZeros(take: number): void {
    if (this.#op === 'read') zeroFill(this.#bytes, this.done, take);
    this.done += take;
  }

  /** Reads a page from the pool without a frame, where none can be had without a wait. */
  #readPool(region: Region, index: number, within: number, take: number): boolean {
    const pte = region.table.get(index);
    if (!pteIsSwap(pte)) return false;
    const slot = pteSlot(pte);
    const { swap, zswap, swapCache } = this.#mm;
    if (swapCache.get(slot) !== 0 || swap.table.kind(slot) !== 'entry') return false;
    // Who owns the slot and does not share it may be about to change it.
    if (swap.cache.isBusy(slot) && !swap.cache.isShared(slot)) return false;
    const scratch = take === PAGE_SIZE ? this.#bytes : this.#scratch;
    const at = take === PAGE_SIZE ? this.done : 0;
    if (loadPage(zswap, slot, 'retain', scratch, at) !== 'loaded') return false;
    if (take < PAGE_SIZE) copyBytes(scratch, within, this.#bytes, this.done, take);
    this.done += take;
    return true;
  }

  get #scratch(): Uint8Array {
    this.#page ??= new Uint8Array(PAGE_SIZE);
    return this.#page;
  }

  #page: Uint8Array | undefined;
}

/** Copies a piece of at most a page; whole arrays and short pieces without a view. */
function copyBytes(
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  length: number,
): void {
  if (fromAt === 0 && length === from.length) to.set(from, toAt);
  else if (length > LOOP_BYTES_MAX) to.set(from.subarray(fromAt, fromAt + length), toAt);
  else for (let i = 0; i < length; i += 1) to[toAt + i] = from[fromAt + i] ?? 0;
}

const READ: FaultAccess = { write: false, pin: false, nowait: false };

/** One shared record for each of the few kinds there are. */
const ACCESSES: readonly FaultAccess[] = Array.from({ length: 8 }, (_, i) => ({
  write: (i & 1) !== 0,
  pin: (i & 2) !== 0,
  nowait: (i & 4) !== 0,
}));

function accessOf(op: AccessOp, write: boolean, nowait: boolean): FaultAccess {
  const bits = (write || op === 'write' ? 1 : 0) | (op === 'pin' ? 2 : 0) | (nowait ? 4 : 0);
  return ACCESSES[bits] ?? READ;
}
