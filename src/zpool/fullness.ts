/**
 * Files the zspages of each size class by how full they are. Allocation wants the fullest that is
 * not full, compaction the emptiest; with twelve groups per class both are found without a search.
 * Nobody looks for a full zspage, so full ones are counted and on no list. An empty one is not
 * there any more, or not yet.
 *
 * Kernel: mm/zsmalloc.c get_fullness_group, insert_zspage, remove_zspage, fix_fullness_group. The
 * kernel has a list of the full ones, too.
 */
import { assert, present } from '../std/assert.ts';
import type { SizeClass } from './size-class.ts';
import { NEXT, PREVIOUS, type ZspageTable } from './zspage-table.ts';

/** Empty, ten steps of ten per cent each (the last without 100), full. */
export const FULLNESS_GROUP_COUNT = 12;
const EMPTY_GROUP = 0;
const FULL_GROUP = FULLNESS_GROUP_COUNT - 1;

/** The fullness group of a zspage with `inUse` of `objects` slots taken. */
export function fullnessGroup(inUse: number, objects: number): number {
  if (inUse === 0) return EMPTY_GROUP;
  if (inUse === objects) return FULL_GROUP;
  return (((10 * inUse) / objects) | 0) + 1;
}

export class FullnessLists {
  readonly #table: ZspageTable;
  /** First zspage per class and group, 0: none. */
  readonly #heads: Uint32Array;
  readonly #counts: Uint32Array;
  /** Zspages per class, so that compaction sees without adding up what it can gain. */
  readonly #classCounts: Uint32Array;
  /** Per class, bit g is set if the list of group g has a zspage. */
  readonly #occupied: Uint16Array;

  constructor(table: ZspageTable, classCount: number) {
    this.#table = table;
    this.#heads = new Uint32Array(classCount * FULLNESS_GROUP_COUNT);
    this.#counts = new Uint32Array(classCount * FULLNESS_GROUP_COUNT);
    this.#classCounts = new Uint32Array(classCount);
    this.#occupied = new Uint16Array(classCount);
  }

  get metadataBytes(): number {
    const lists = this.#heads.byteLength + this.#counts.byteLength;
    return lists + this.#classCounts.byteLength + this.#occupied.byteLength;
  }

  /** Zspages of a class in a group. */
  count(classIndex: number, group: number): number {
    return present(this.#counts[classIndex * FULLNESS_GROUP_COUNT + group]);
  }

  /** Zspages of a class. */
  classCount(classIndex: number): number {
    return present(this.#classCounts[classIndex]);
  }

  /** The most recently filed zspage of the fullest group that is not full; 0 if there is none. */
  fullestNotFull(classIndex: number): number {
    const groups = present(this.#occupied[classIndex]);
    if (groups === 0) return 0;
    return this.#head(classIndex, 31 - Math.clz32(groups));
  }

  /** The most recently filed zspage of the emptiest group that is not full; 0 if there is none. */
  emptiest(classIndex: number): number {
    const groups = present(this.#occupied[classIndex]);
    if (groups === 0) return 0;
    return this.#head(classIndex, 31 - Math.clz32(groups & -groups));
  }

  /**
   * Files a zspage anew if it belongs into another group with `after` objects in use than with the
   * `before` that it was filed with; 0: it was not filed, or is not to be any more.
   */
  refile(zspage: number, sizeClass: SizeClass, before: number, after: number): void {
    const { index, objectsPerZspage } = sizeClass;
    const from = fullnessGroup(before, objectsPerZspage);
    const to = fullnessGroup(after, objectsPerZspage);
    if (from === to) return;
    if (from === EMPTY_GROUP) this.#classCounts[index] = this.classCount(index) + 1;
    else this.#leave(zspage, index, from);
    if (to === EMPTY_GROUP) this.#classCounts[index] = this.classCount(index) - 1;
    else this.#join(zspage, index, to);
  }

  #join(zspage: number, classIndex: number, group: number): void {
    const list = classIndex * FULLNESS_GROUP_COUNT + group;
    this.#counts[list] = present(this.#counts[list]) + 1;
    if (group === FULL_GROUP) return;
    const table = this.#table;
    const head = present(this.#heads[list]);
    table.setNumber(zspage, NEXT, head);
    table.setNumber(zspage, PREVIOUS, 0);
    if (head !== 0) table.setNumber(head, PREVIOUS, zspage);
    else this.#occupied[classIndex] = present(this.#occupied[classIndex]) | (1 << group);
    this.#heads[list] = zspage;
  }

  #leave(zspage: number, classIndex: number, group: number): void {
    const list = classIndex * FULLNESS_GROUP_COUNT + group;
    this.#counts[list] = present(this.#counts[list]) - 1;
    if (group === FULL_GROUP) return;
    const table = this.#table;
    const next = table.number(zspage, NEXT);
    const previous = table.number(zspage, PREVIOUS);
    if (next !== 0) table.setNumber(next, PREVIOUS, previous);
    if (previous !== 0) {
      table.setNumber(previous, NEXT, next);
      return;
    }
    assert(this.#heads[list] === zspage);
    this.#heads[list] = next;
    if (next !== 0) return;
    this.#occupied[classIndex] = present(this.#occupied[classIndex]) & ~(1 << group);
  }

  #head(classIndex: number, group: number): number {
    return present(this.#heads[classIndex * FULLNESS_GROUP_COUNT + group]);
  }
}
