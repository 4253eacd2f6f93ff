/** A region on the machine's own thread: see `Region` in `api.ts`. */
import { copyRegion } from '../mm/copy.ts';
import type { Access, AccessResult } from '../mm/access.ts';
import type { Region as MmRegion } from '../mm/region.ts';
import { ENOMEM } from '../std/errno.ts';
import { ZswapError } from '../std/error.ts';
import { PAGE_SIZE, divCeil } from '../std/units.ts';
import type { Group, Pin, PinOptions, Region, WaitOptions } from './api.ts';
import {
  NOWAIT,
  NOWAIT_STAY,
  NOWAIT_WRITE,
  WAIT,
  WAIT_WRITE,
  type AccessRequest,
} from './calls.ts';
import { checkBytes, checkName, checkPage, checkRange } from './check.ts';
import { outcome, type MachineCore } from './core.ts';
import type { MemoryGroup } from './group.ts';
import type { OpenMachine } from './machine.ts';
import { PagePin, type PinCount } from './pin.ts';
import { UnderWay } from './under-way.ts';

/** Accesses that prefetching has under way at once, and the pages that are worth one. */
const PREFETCH_LANES = 8;
const PREFETCH_PAGES_MIN = 16;

const NO_OPTIONS: WaitOptions = {};
const DONE: Promise<void> = Promise.resolve();
const EMPTY = new Uint8Array(0);

export class MemoryRegion implements Region, PinCount {
  readonly bytes: number;
  /** Pages pinned. */
  pins = 0;
  readonly #machine: OpenMachine;
  readonly #core: MachineCore;
  readonly #region: MmRegion;
  readonly #group: MemoryGroup;
  readonly #underWay: UnderWay;
  #unmapping: Promise<void> | undefined;

  constructor(machine: OpenMachine, region: MmRegion, group: MemoryGroup) {
    this.#machine = machine;
    this.#core = machine.core;
    this.#region = region;
    this.#group = group;
    this.#underWay = new UnderWay(machine.core.underWay);
    this.bytes = region.pageCount * PAGE_SIZE;
    group.regions += 1;
  }

  get name(): string {
    return this.#region.name;
  }

  get group(): Group {
    return this.#group;
  }

  get order(): number {
    return this.#region.orderMax;
  }

  readSync(offset: number, target: Uint8Array): boolean {
    this.#check(offset, target, 'target');
    const { now } = this.#core;
    const result = now.begin('read', this.#region, offset, target.length, target, NOWAIT);
    return outcome(this.#core, now, result);
  }

  /** Reads as {@link readSync}; what is in the pool stays there, and nothing makes way for it. */
  peekSync(offset: number, target: Uint8Array): boolean {
    this.#check(offset, target, 'target');
    const { now } = this.#core;
    const result = now.begin('read', this.#region, offset, target.length, target, NOWAIT_STAY);
    return outcome(this.#core, now, result);
  }

  writeSync(offset: number, source: Uint8Array): boolean {
    this.#check(offset, source, 'source');
    const { now } = this.#core;
    const result = now.begin('write', this.#region, offset, source.length, source, NOWAIT_WRITE);
    return outcome(this.#core, now, result);
  }

  read(offset: number, target: Uint8Array, options: WaitOptions = NO_OPTIONS): Promise<void> {
    try {
      this.#check(offset, target, 'target');
      if (this.#mayBeQuick(target, options) && this.readSync(offset, target)) return DONE;
      return this.#move('read', offset, target, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  write(offset: number, source: Uint8Array, options: WaitOptions = NO_OPTIONS): Promise<void> {
    try {
      this.#check(offset, source, 'source');
      if (this.#mayBeQuick(source, options) && this.writeSync(offset, source)) return DONE;
      return this.#move('write', offset, source, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  tryPin(page: number, options: { readonly write?: boolean } = {}): Pin | undefined {
    this.#assertUsable();
    checkPage(page, this.bytes);
    const { now } = this.#core;
    const how = options.write === true ? NOWAIT_WRITE : NOWAIT;
    const result = now.begin('pin', this.#region, page * PAGE_SIZE, PAGE_SIZE, EMPTY, how);
    if (!outcome(this.#core, now, result)) return undefined;
    return new PagePin(this.#core, this, page, now.pfn);
  }

  pin(page: number, options: PinOptions = {}): Promise<Pin> {
    return this.#begin(options, () => {
      checkPage(page, this.bytes);
      return this.#access({
        op: 'pin',
        offset: page * PAGE_SIZE,
        length: PAGE_SIZE,
        how: options.write === true ? WAIT_WRITE : WAIT,
        signal: options.signal,
        finish: (access, result) => {
          outcome(this.#core, access, result);
          return new PagePin(this.#core, this, page, access.pfn);
        },
      });
    });
  }

  discardSync(offset: number, length: number): boolean {
    this.#assertUsable();
    checkRange(offset, length, this.bytes);
    const first = divCeil(offset, PAGE_SIZE);
    const end = Math.max(first, Math.floor((offset + length) / PAGE_SIZE));
    return this.#machine.calls.discardNow(this.#region, first, end);
  }

  discard(offset: number, length: number, options: WaitOptions = NO_OPTIONS): Promise<void> {
    return this.#begin(options, () => {
      checkRange(offset, length, this.bytes);
      const first = divCeil(offset, PAGE_SIZE);
      const end = Math.max(first, Math.floor((offset + length) / PAGE_SIZE));
      return this.#machine.calls.discard(this.#region, first, end, this.#underWay, options.signal);
    });
  }

  pageout(offset: number, length: number, options: WaitOptions = NO_OPTIONS): Promise<void> {
    return this.#begin(options, () => {
      checkRange(offset, length, this.bytes);
      return this.#machine.calls.pageout(
        this.#region,
        Math.floor(offset / PAGE_SIZE),
        divCeil(offset + length, PAGE_SIZE),
        this.#underWay,
        options.signal,
      );
    });
  }

  prefetch(offset: number, length: number, options: WaitOptions = NO_OPTIONS): Promise<void> {
    return this.#begin(options, () => {
      checkRange(offset, length, this.bytes);
      const first = Math.floor(offset / PAGE_SIZE);
      const wanted = divCeil(offset + length, PAGE_SIZE) - first;
      const pages = Math.min(wanted, this.#group.framesMax);
      const lane = Math.max(PREFETCH_PAGES_MIN, divCeil(pages, PREFETCH_LANES));
      const lanes: Promise<void>[] = [];
      for (let at = 0; at < pages; at += lane) {
        const end = Math.min(at + lane, pages);
        lanes.push(this.#prefetchLane(first + at, first + end, options));
      }
      this.#underWay.begin();
      return Promise.all(lanes)
        .then(() => {})
        .finally(() => this.#underWay.end());
    });
  }

  copy(options: { readonly name?: string; readonly group?: Group } = {}): Region {
    this.#assertUsable();
    this.#assertUnpinned('copied');
    const { name = this.#machine.nextName(), group = this.#group } = options;
    checkName('name', name);
    const payer = this.#machine.groupOf(group);
    const copy = copyRegion(this.#core.mm, this.#region, name, payer.memcg);
    return this.#machine.adopt(copy, payer);
  }

  unmap(): Promise<void> {
    // With the machine everything goes.
    if (this.#core.closing) return DONE;
    this.#unmapping ??= this.#unmap().catch((error: unknown) => {
      this.#unmapping = undefined;
      throw error;
    });
    return this.#unmapping;
  }

  async #unmap(): Promise<void> {
    this.#core.assertUsable();
    this.#assertUnpinned('unmapped');
    const { mm, underWay } = this.#core;
    underWay.begin();
    try {
      await this.#underWay.settled();
      // One that was being pinned may be by now.
      this.#assertUnpinned('unmapped');
      await this.#machine.calls.discard(
        this.#region,
        0,
        this.#region.pageCount,
        this.#underWay,
        undefined,
      );
      this.#region.mapped = false;
      mm.forget(this.#region);
      this.#group.regions -= 1;
      this.#machine.forget(this);
    } finally {
      underWay.end();
    }
  }

  #assertUnpinned(verb: string): void {
    if (this.pins === 0) return;
    const message = `${this.name} cannot be ${verb} while ${this.pins} of its pages are pinned`;
    throw new ZswapError('ZSWAP_BUSY', message);
  }

  #assertUsable(): void {
    this.#core.assertUsable();
    if (this.#unmapping === undefined) return;
    throw new ZswapError('ZSWAP_CLOSED', `the region ${this.name} is unmapped`);
  }

  #check(offset: number, bytes: Uint8Array, name: string): void {
    this.#assertUsable();
    checkBytes(name, bytes);
    checkRange(offset, bytes.length, this.bytes);
  }

  /** Begins what returns a promise: what is wrong, or aborted already, rejects. */
  #begin<T>(options: WaitOptions, start: () => Promise<T>): Promise<T> {
    try {
      this.#assertUsable();
      if (isAborted(options)) return Promise.reject(options.signal?.reason);
      return start();
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /**
   * What is at hand needs no record of its own, and no promise. Large folios are worth a wait for
   * frames that are side by side.
   */
  #mayBeQuick(bytes: Uint8Array, options: WaitOptions): boolean {
    return bytes.length <= PAGE_SIZE && this.order === 0 && !isAborted(options);
  }

  #move(
    op: 'read' | 'write',
    offset: number,
    bytes: Uint8Array,
    options: WaitOptions,
  ): Promise<void> {
    if (isAborted(options)) return Promise.reject(options.signal?.reason);
    return this.#access({
      op,
      offset,
      length: bytes.length,
      bytes,
      how: op === 'write' ? WAIT_WRITE : WAIT,
      signal: options.signal,
      finish: (access, result) => void outcome(this.#core, access, result),
    });
  }

  #access<T>(request: Omit<AccessRequest<T>, 'region' | 'underWay'>): Promise<T> {
    const { calls } = this.#machine;
    return calls.access({ ...request, region: this.#region, underWay: this.#underWay });
  }

  /** Touches pages one after the other, skipping those that cannot be read. */
  async #prefetchLane(first: number, end: number, { signal }: WaitOptions): Promise<void> {
    const finish = (access: Access, result: AccessResult): number => {
      if (result !== 'failed') return end;
      return access.error === ENOMEM ? end : at + Math.floor(access.done / PAGE_SIZE) + 1;
    };
    let at = first;
    while (at < end) {
      const length = (end - at) * PAGE_SIZE;
      const offset = at * PAGE_SIZE;
      at = await this.#access({ op: 'touch', offset, length, how: WAIT, signal, finish });
    }
  }
}

function isAborted({ signal }: WaitOptions): boolean {
  return signal?.aborted === true;
}
