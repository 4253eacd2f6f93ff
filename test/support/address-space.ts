/**
 * Regions of memory over a simulated runtime, pool and device, with verbs that run to their end and
 * the checks that a test makes. Pages are of one repeated word, which the world's compressor knows.
 */
import assert from 'node:assert/strict';
import type { Memcg } from '../../src/memcg/memcg.ts';
import { Access, type AccessOp, type AccessResult } from '../../src/mm/access.ts';
import { Discard } from '../../src/mm/discard.ts';
import { MM_INVARIANTS } from '../../src/mm/invariants.ts';
import { Mm, type LargeSwapin, type SwapinMode } from '../../src/mm/mm.ts';
import { pteIsPresent, pteIsSwap, ptePfn, pteSlot } from '../../src/mm/page-table.ts';
import { Pageout } from '../../src/mm/pageout.ts';
import type { Region } from '../../src/mm/region.ts';
import { SwapOff } from '../../src/mm/swapoff.ts';
import type { Pfn } from '../../src/page/frames.ts';
import { SimRt } from '../../src/sim/engine/rt-sim.ts';
import { World, type WorldOptions } from '../../src/sim/world/world.ts';
import type { Errno } from '../../src/std/errno.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import type { SwapArea } from '../../src/swap/info.ts';
import type { SwapSlot } from '../../src/swap/table.ts';
import { INVARIANTS } from '../../src/zswap/invariants.ts';
import { Writeback } from '../../src/zswap/writeback.ts';

export interface AddressSpaceOptions extends WorldOptions {
  readonly seed?: number;
  /** Page frames. Default 64. */
  readonly frames?: number;
  /** Slots of the one swap area; 0: none. Default 1024. */
  readonly slots?: number;
  readonly swapinMode?: SwapinMode;
  readonly largeSwapin?: LargeSwapin;
  /** Default 0: no readahead. */
  readonly pageCluster?: number;
}

/** A page of one word. */
export function wordPage(word: number): Uint8Array {
  return new Uint8Array(new Uint32Array(PAGE_SIZE / 4).fill(word).buffer);
}

/** A verb that was begun: `result` says how it went once it has ended. */
export interface Begun {
  readonly access: Access;
  result: AccessResult;
}

export class TestAddressSpace extends World {
  readonly mm: Mm;
  readonly area: SwapArea | undefined;

  constructor(options: AddressSpaceOptions = {}) {
    super(new SimRt(options.seed ?? 1), { devicePages: 1024, chunkBytes: 64 * 1024, ...options });
    this.mm = new Mm({
      rt: this.rt,
      swap: this.swap,
      zswap: this.zswap,
      memcgs: this.memcgs,
      framePages: options.frames ?? 64,
      swapinMode: options.swapinMode ?? 'cache',
      largeSwapin: options.largeSwapin ?? 'mixed',
      pageCluster: options.pageCluster ?? 0,
    });
    const slots = options.slots ?? 1024;
    this.area = slots > 0 ? this.addArea('swap', slots) : undefined;
  }

  addArea(name: string, slots: number, priority = 0): SwapArea {
    const area = this.swap.swapon(name, slots, this.memcgs.root);
    this.mm.swapon(area, priority);
    return area;
  }

  /** Fails if any invariant does not hold. */
  readonly check = (): void => {
    for (const [name, invariant] of Object.entries(INVARIANTS)) {
      const violation = invariant(this.zswap);
      assert.equal(violation, undefined, `${name}: ${violation}`);
    }
    for (const invariant of MM_INVARIANTS) {
      const violation = invariant(this.mm);
      assert.equal(violation, undefined, `${invariant.name}: ${violation}`);
    }
  };

  /** Runs until nothing can run, and checks. */
  settle(budget = 100_000): void {
    this.rt.run(budget);
    this.check();
  }

  /** Runs until a point has been reached so often since the last verb was begun. */
  runTo(point: string, times = 1): void {
    while ((this.rt.marks.get(point) ?? 0) < times) {
      assert.ok(this.rt.step(), `nothing runs, and ${point} has not been reached`);
    }
  }

  map(pages: number, options: { group?: Memcg; order?: number } = {}): Region {
    return this.mm.map('region', options.group ?? this.memcgs.root, pages, options.order ?? 0);
  }

  /** Begins a verb on one page. */
  begin(
    op: AccessOp,
    region: Region,
    page: number,
    bytes: Uint8Array = new Uint8Array(PAGE_SIZE),
    options: { readonly write?: boolean; readonly nowait?: boolean } = {},
  ): Begun {
    this.rt.marks.clear();
    const access = new Access(this.mm);
    const begun: Begun = { access, result: 'waiting' };
    access.onEnd = (_, result) => void (begun.result = result);
    begun.result = access.begin(op, region, page * PAGE_SIZE, PAGE_SIZE, bytes, options);
    return begun;
  }

  /** Writes a page of one word. */
  write(region: Region, page: number, word: number): void {
    const begun = this.begin('write', region, page, wordPage(word));
    this.settle();
    assert.equal(begun.result, 'done', `page ${page}: error ${begun.access.error}`);
  }

  /** Writes word `page + first` to each page. */
  fill(region: Region, first = 1, pages: number = region.pageCount): void {
    for (let page = 0; page < pages; page += 1) this.write(region, page, first + page);
  }

  /** The word that a page is of. */
  read(region: Region, page: number): number {
    const bytes = new Uint8Array(PAGE_SIZE);
    const begun = this.begin('read', region, page, bytes);
    this.settle();
    assert.equal(begun.result, 'done', `page ${page}: error ${begun.access.error}`);
    return wordOf(bytes);
  }

  /** Fails unless each page is of the word that {@link fill} has written. */
  verify(region: Region, first = 1, pages: number = region.pageCount): void {
    for (let page = 0; page < pages; page += 1) {
      assert.equal(this.read(region, page), first + page, `page ${page}`);
    }
  }

  /** Tries to read a page; the error, 0 if it could be read. */
  readError(region: Region, page: number): Errno {
    const begun = this.begin('read', region, page);
    this.settle();
    return begun.result === 'done' ? 0 : begun.access.error;
  }

  pin(region: Region, page: number, write = false): Pfn {
    const begun = this.begin('pin', region, page, undefined, { write });
    this.settle();
    assert.equal(begun.result, 'done');
    return begun.access.pfn;
  }

  pageout(region: Region, first = 0, end: number = region.pageCount): number {
    const pageout = new Pageout(this.mm);
    pageout.begin(region, first, end);
    this.settle();
    return pageout.freedPages;
  }

  /** Begins to swap a region out. */
  startPageout(region: Region): Pageout {
    this.rt.marks.clear();
    const pageout = new Pageout(this.mm);
    pageout.begin(region, 0, region.pageCount);
    return pageout;
  }

  discard(region: Region, first = 0, end: number = region.pageCount): void {
    new Discard(this.mm).begin(region, first, end);
    this.settle();
  }

  /** Writes back entries of a group, until none is left or can go. */
  writeback(group: Memcg = this.memcgs.root): void {
    const batch = new Writeback(this.zswap);
    // The first look takes away second chances.
    for (let i = 0; i < 2 || batch.written > 0; i += 1) {
      batch.begin(group, 1000);
      this.settle();
    }
  }

  /** Removes an area; the error, 0 if it is gone. */
  swapoff(area: SwapArea): Errno {
    const swapoff = new SwapOff(this.mm);
    let ended = false;
    swapoff.onEnd = () => void (ended = true);
    swapoff.begin(area);
    this.settle();
    assert.ok(ended, 'swapoff waits for ever');
    return swapoff.error;
  }

  /** Discards a region and forgets it. */
  unmap(region: Region): void {
    this.discard(region);
    region.mapped = false;
    this.mm.forget(region);
  }

  /** Fails if anything is left when all regions have been unmapped. */
  assertDrained(): void {
    assert.equal(this.mm.frames.usedPages, 0, 'frames are left');
    assert.equal(this.mm.areas.usedSlots, 0, 'slots are left');
    assert.equal(this.mm.swapCache.size, 0, 'cached folios are left');
    for (const group of this.memcgs.groups()) assert.equal(group.framePages, 0, group.name);
    this.zswap.assertDrained();
  }

  /** The frame that a page is in; 0: it is not present. */
  pfn(region: Region, page: number): Pfn {
    const pte = region.table.get(page);
    return pteIsPresent(pte) ? ptePfn(pte) : (0 as Pfn);
  }

  /** The slot that a page is swapped out to. */
  slot(region: Region, page: number): SwapSlot {
    const pte = region.table.get(page);
    assert.ok(pteIsSwap(pte), `page ${page} is not swapped out`);
    return pteSlot(pte);
  }

  /** Where a page is. */
  place(region: Region, page: number): 'none' | 'present' | 'cached' | 'zero' | 'entry' | 'device' {
    const pte = region.table.get(page);
    if (pteIsPresent(pte)) return 'present';
    if (!pteIsSwap(pte)) return 'none';
    if (this.mm.swapCache.get(pteSlot(pte)) !== 0) return 'cached';
    const kind = this.swap.table.kind(pteSlot(pte));
    assert.notEqual(kind, 'free', `page ${page} is lost`);
    return kind === 'free' ? 'none' : kind;
  }

  places(region: Region): string[] {
    return Array.from({ length: region.pageCount }, (_, page) => this.place(region, page));
  }
}

/** The word that a page is of. */
export function wordOf(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.slice().buffer);
  assert.ok(
    words.every((word) => word === words[0]),
    'a page of several words',
  );
  return words[0] ?? 0;
}
