/**
 * One least-recently-used list per memory group over link columns that belong to the items. The
 * head is the oldest; items are added at the tail and reclaimed from the head.
 *
 * @see mm/list_lru.c
 */
import { LinkedList, type Links } from '../std/list.ts';
import type { ListAges } from './list-ages.ts';
import type { MemcgId } from './memcg.ts';

export class ListLru {
  readonly #links: Links;
  readonly #lists: (LinkedList | undefined)[] = [];
  readonly #ages: ListAges | undefined;
  #length = 0;

  /** @param ages - is told of items that become the youngest of their list */
  constructor(links: Links, ages?: ListAges) {
    this.#links = links;
    this.#ages = ages;
  }

  /** Items on all lists. */
  get length(): number {
    return this.#length;
  }

  lengthOf(group: MemcgId): number {
    return this.#lists[group]?.length ?? 0;
  }

  /** The group's oldest item, 0 if it has none. */
  oldest(group: MemcgId): number {
    return this.#lists[group]?.head ?? 0;
  }

  add(group: MemcgId, index: number): void {
    this.#list(group).pushTail(index);
    this.#length += 1;
    this.#ages?.joined(index);
  }

  /** Takes out an item that is on the group's list. */
  remove(group: MemcgId, index: number): void {
    this.#list(group).remove(index);
    this.#length -= 1;
  }

  /** Moves an item of the group's list to its tail. */
  rotate(group: MemcgId, index: number): void {
    this.#list(group).rotate(index);
    this.#ages?.joined(index);
  }

  /**
   * Moves all items of one group to the front of another's list, where they are the next to go.
   *
   * @see mm/list_lru.c memcg_reparent_list_lru
   */
  reparent(from: MemcgId, to: MemcgId): void {
    const list = this.#lists[from];
    if (list !== undefined) this.#list(to).spliceFront(list);
  }

  #list(group: MemcgId): LinkedList {
    let list = this.#lists[group];
    if (list === undefined) {
      list = new LinkedList(this.#links);
      this.#lists[group] = list;
    }
    return list;
  }
}
