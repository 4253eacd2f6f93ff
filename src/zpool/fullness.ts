/**
 * Files the zspages of each size class by how full they are. Allocation wants the fullest that is
 * not full, compaction the emptiest; with twelve groups per class both are found without a search.
 *
 * Kernel: mm/zsmalloc.c get_fullness_group, insert_zspage, remove_zspage, fix_fullness_group.
 */
import { assert, present } from '../std/assert.ts';
import {
  NEXT,
  PREVIOUS,
  recordOf,
  STATE,
  stateClass,
  stateGroup,
  stateInUse,
  stateWithGroup,
  type ZspageTable,
} from './zspage-table.ts';

/** Empty, ten steps of ten per cent each (the last without 100), full. */
export const FULLNESS_GROUP_COUNT = 12;
const EMPTY_GROUP = 0;
const FULL_GROUP = FULLNESS_GROUP_COUNT - 1;

/** The fullness group of a zspage with `inUse` of `objects` slots taken. */
export function fullnessGroup(inUse: number, objects: number): number {
  if (inUse === 0) return EMPTY_GROUP;
  if (inUse === objects) return FULL_GROUP;
  const percent = ((100 * inUse) / objects) | 0;
  return ((percent / 10) | 0) + 1;
}

export class FullnessLists {
  readonly #table: ZspageTable;
  /** First zspage per class and group, 0: none. */
  readonly #heads: Uint32Array;
  readonly #counts: Uint32Array;
  /** Per class, bit g is set if group g has a zspage. */
  readonly #occupied: Uint16Array;

  constructor(table: ZspageTable, classCount: number) {
    this.#table = table;
    this.#heads = new Uint32Array(classCount * FULLNESS_GROUP_COUNT);
    this.#counts = new Uint32Array(classCount * FULLNESS_GROUP_COUNT);
    this.#occupied = new Uint16Array(classCount);
  }

  get metadataBytes(): number {
    return this.#heads.byteLength + this.#counts.byteLength + this.#occupied.byteLength;
  }

  /** Zspages of a class in a group. */
  count(classIndex: number, group: number): number {
    return present(this.#counts[classIndex * FULLNESS_GROUP_COUNT + group]);
  }

  /** Zspages of a class. */
  classCount(classIndex: number): number {
    let count = 0;
    for (let group = 0; group < FULLNESS_GROUP_COUNT; group++) {
      count += this.count(classIndex, group);
    }
    return count;
  }

  /** The most recently filed zspage of the fullest group that is not full; 0 if there is none. */
  fullestNotFull(classIndex: number): number {
    const groups = present(this.#occupied[classIndex]) & ~(1 << FULL_GROUP);
    if (groups === 0) return 0;
    return this.#head(classIndex, 31 - Math.clz32(groups));
  }

  /** The most recently filed zspage of the emptiest group that is not full; 0 if there is none. */
  emptiest(classIndex: number): number {
    const groups = present(this.#occupied[classIndex]) & ~(1 << FULL_GROUP);
    if (groups === 0) return 0;
    return this.#head(classIndex, 31 - Math.clz32(groups & -groups));
  }

  /** Files a zspage that is on no list. */
  insert(zspage: number, group: number): void {
    const table = this.#table;
    const block = table.block(zspage);
    const record = recordOf(zspage);
    const state = present(block[record + STATE]);
    const classIndex = stateClass(state);
    const list = classIndex * FULLNESS_GROUP_COUNT + group;
    const head = present(this.#heads[list]);
    block[record + NEXT] = head;
    block[record + PREVIOUS] = 0;
    block[record + STATE] = stateWithGroup(state, group);
    if (head !== 0) table.setWord(head, PREVIOUS, zspage);
    else this.#occupied[classIndex] = present(this.#occupied[classIndex]) | (1 << group);
    this.#heads[list] = zspage;
    this.#counts[list] = present(this.#counts[list]) + 1;
  }

  /** Takes a zspage off its list. */
  remove(zspage: number): void {
    const table = this.#table;
    const block = table.block(zspage);
    const record = recordOf(zspage);
    const state = present(block[record + STATE]);
    const list = stateClass(state) * FULLNESS_GROUP_COUNT + stateGroup(state);
    const next = present(block[record + NEXT]);
    const previous = present(block[record + PREVIOUS]);
    if (next !== 0) table.setWord(next, PREVIOUS, previous);
    if (previous !== 0) table.setWord(previous, NEXT, next);
    else this.#setHead(list, zspage, next, state);
    this.#counts[list] = present(this.#counts[list]) - 1;
  }

  /** Files a zspage of `objects` slots anew if its objects in use put it into another group. */
  refile(zspage: number, objects: number): void {
    const state = this.#table.word(zspage, STATE);
    const group = fullnessGroup(stateInUse(state), objects);
    if (stateGroup(state) === group) return;
    this.remove(zspage);
    this.insert(zspage, group);
  }

  #setHead(list: number, zspage: number, next: number, state: number): void {
    assert(this.#heads[list] === zspage);
    this.#heads[list] = next;
    if (next !== 0) return;
    const classIndex = stateClass(state);
    this.#occupied[classIndex] = present(this.#occupied[classIndex]) & ~(1 << stateGroup(state));
  }

  #head(classIndex: number, group: number): number {
    return present(this.#heads[classIndex * FULLNESS_GROUP_COUNT + group]);
  }
}
