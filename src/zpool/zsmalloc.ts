/**
 * zsmalloc, the allocator that Linux zswap uses and the reference of this project: slots of up to
 * 255 sizes packed over chains of pages, so that little is lost at the end of a page, and
 * compaction made possible by the indirection through handles.
 *
 * The kernel's locks have no counterpart: nothing here waits, so each call is one atomic section.
 * Every zspage is filed under its class and fullness group, and none is empty between two calls.
 *
 * Kernel: mm/zsmalloc.c zs_malloc, zs_free, zs_compact, zs_stats_size_show.
 */
import { present } from '../std/assert.ts';
import { EINVAL, ENOMEM, ENOSPC, OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Arena } from './arena.ts';
import { compactablePages, emptyOneZspage } from './compact.ts';
import { FULLNESS_GROUP_COUNT, FullnessLists } from './fullness.ts';
import { type SizeClass, SizeClasses } from './size-class.ts';
import type { HandleCells, Zpool, ZpoolStatus } from './zpool.ts';
import { locationObject, locationZspage, objectLocation, Zspages } from './zspage.ts';

/** One line of the kernel's debugfs file `zsmalloc/<pool>/classes`. */
export interface SizeClassStats {
  /** Bytes of a slot. */
  readonly size: number;
  /** Zspages by fullness group: empty, ten steps of ten per cent, full. */
  readonly zspages: readonly number[];
  /** Slots, free ones included. */
  readonly objsAllocated: number;
  readonly objsUsed: number;
  readonly pagesUsed: number;
  readonly pagesPerZspage: number;
  /** Pages that compaction can free. */
  readonly freeable: number;
}

export interface ZsmallocOptions {
  /** Pages in a zspage at most, 4..16, default 8 (kernel `CONFIG_ZSMALLOC_CHAIN_SIZE`). */
  readonly chainLimit?: number;
}

export class Zsmalloc implements Zpool {
  readonly name = 'zsmalloc';
  readonly classes: SizeClasses;
  readonly #arena: Arena;
  readonly #cells: HandleCells;
  readonly #zspages: Zspages;
  readonly #lists: FullnessLists;
  /** Objects per class. */
  readonly #used: Uint32Array;
  #pagesCompacted = 0;

  constructor(arena: Arena, cells: HandleCells, options: ZsmallocOptions = {}) {
    this.classes = new SizeClasses(options.chainLimit);
    const classCount = this.classes.list.length;
    this.#arena = arena;
    this.#cells = cells;
    this.#zspages = new Zspages(arena, this.classes);
    this.#lists = new FullnessLists(this.#zspages.table, classCount);
    this.#used = new Uint32Array(classCount);
  }

  get totalPages(): number {
    return this.#zspages.pages;
  }

  get metadataBytes(): number {
    const records = this.#zspages.table.metadataBytes;
    return records + this.#lists.metadataBytes + this.#used.byteLength;
  }

  /** Pages freed by moving objects together, since the pool exists (kernel `pages_compacted`). */
  get pagesCompacted(): number {
    return this.#pagesCompacted;
  }

  malloc(handle: number, size: number, tag: number = 0): ZpoolStatus {
    if (size <= 0) return EINVAL;
    if (size > PAGE_SIZE) return ENOSPC;
    const sizeClass = this.classes.of(size);
    const { index } = sizeClass;
    let zspage = this.#lists.fullestNotFull(index);
    if (zspage === 0) {
      zspage = this.#zspages.create(sizeClass);
      if (zspage === 0) return ENOMEM;
    }
    const object = this.#zspages.takeObject(zspage, sizeClass, handle, tag);
    const inUse = this.#zspages.inUse(zspage, sizeClass);
    this.#used[index] = present(this.#used[index]) + 1;
    this.#lists.refile(zspage, sizeClass, inUse - 1, inUse);
    this.#cells.setLocation(handle, objectLocation(zspage, object));
    return OK;
  }

  free(handle: number): number {
    const location = this.#cells.location(handle);
    const zspage = locationZspage(location);
    const object = locationObject(location);
    const sizeClass = this.#zspages.classOf(zspage);
    const tag = this.#zspages.tagOf(zspage, sizeClass, object);
    const left = this.#zspages.putObject(zspage, sizeClass, object, handle);
    this.#used[sizeClass.index] = present(this.#used[sizeClass.index]) - 1;
    this.#lists.refile(zspage, sizeClass, left + 1, left);
    if (left === 0) this.#zspages.destroy(zspage);
    return tag;
  }

  tag(handle: number): number {
    const location = this.#cells.location(handle);
    const zspage = locationZspage(location);
    const sizeClass = this.#zspages.classOf(zspage);
    return this.#zspages.tagOf(zspage, sizeClass, locationObject(location));
  }

  write(handle: number, source: Uint8Array): void {
    const location = this.#cells.location(handle);
    this.#zspages.write(locationZspage(location), locationObject(location), source);
  }

  read(handle: number, size: number, target: Uint8Array, targetOffset: number): void {
    const location = this.#cells.location(handle);
    const zspage = locationZspage(location);
    this.#zspages.read(zspage, locationObject(location), size, target, targetOffset);
  }

  /**
   * As {@link Zpool.compact}: objects of the largest class first; with the budget left after that,
   * page frames of the arena's highest chunk, whoever holds them. A zspage once begun is emptied,
   * so each call that has anything to gain gains it, at the price of up to 254 moves more.
   */
  compact(moveBudget: number): number {
    let budget = moveBudget;
    let freed = 0;
    for (let index = this.classes.list.length - 1; index >= 0 && budget > 0; index--) {
      const sizeClass = present(this.classes.list[index]);
      while (budget > 0 && this.#compactable(sizeClass) > 0) {
        budget -= emptyOneZspage(this.#zspages, this.#lists, this.#cells, sizeClass);
        freed += sizeClass.pagesPerZspage;
      }
    }
    this.#pagesCompacted += freed;
    return budget > 0 ? freed + this.#arena.migrate(budget) : freed;
  }

  /** The classes that hold zspages, smallest first, as the kernel shows them in debugfs. */
  classStats(): SizeClassStats[] {
    return this.classes.list
      .filter((sizeClass) => this.#lists.classCount(sizeClass.index) > 0)
      .map((sizeClass) => {
        const { index, size, pagesPerZspage, objectsPerZspage } = sizeClass;
        const zspages = Array.from({ length: FULLNESS_GROUP_COUNT }, (_, group) =>
          this.#lists.count(index, group),
        );
        const zspageCount = this.#lists.classCount(index);
        return {
          size,
          zspages,
          objsAllocated: zspageCount * objectsPerZspage,
          objsUsed: present(this.#used[index]),
          pagesUsed: zspageCount * pagesPerZspage,
          pagesPerZspage,
          freeable: this.#compactable(sizeClass),
        };
      });
  }

  #compactable(sizeClass: SizeClass): number {
    const { index, objectsPerZspage } = sizeClass;
    const allocated = this.#lists.classCount(index) * objectsPerZspage;
    return compactablePages(sizeClass, allocated, present(this.#used[index]));
  }
}
