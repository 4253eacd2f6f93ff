/**
 * Doubly linked lists through link columns that belong to the items themselves, so that an item can
 * leave its list without a search and without an allocation. Index 0 is nobody.
 *
 *     head (oldest)  ->  next  ->  ...  ->  tail (youngest)
 */
import { assert } from './assert.ts';

/** The two link columns, by item index; 0 where there is no neighbour. */
export interface Links {
  previous(index: number): number;
  next(index: number): number;
  setPrevious(index: number, to: number): void;
  setNext(index: number, to: number): void;
}

export class LinkedList {
  #head = 0;
  #tail = 0;
  #length = 0;
  readonly #links: Links;

  constructor(links: Links) {
    this.#links = links;
  }

  get head(): number {
    return this.#head;
  }

  get length(): number {
    return this.#length;
  }

  pushTail(index: number): void {
    assert(index !== 0);
    this.#links.setPrevious(index, this.#tail);
    this.#links.setNext(index, 0);
    if (this.#tail === 0) this.#head = index;
    else this.#links.setNext(this.#tail, index);
    this.#tail = index;
    this.#length += 1;
  }

  /** Takes out an item that is on this list. */
  remove(index: number): void {
    assert(this.#length > 0);
    const previous = this.#links.previous(index);
    const next = this.#links.next(index);
    if (previous === 0) {
      assert(this.#head === index);
      this.#head = next;
    } else this.#links.setNext(previous, next);
    if (next === 0) {
      assert(this.#tail === index);
      this.#tail = previous;
    } else this.#links.setPrevious(next, previous);
    this.#length -= 1;
  }

  /** Moves an item of this list to the tail. */
  rotate(index: number): void {
    this.remove(index);
    this.pushTail(index);
  }

  /** Puts all items of `other` before this list's, in their order, and leaves `other` empty. */
  spliceFront(other: LinkedList): void {
    assert(other.#links === this.#links);
    if (other.#length === 0) return;
    if (this.#length === 0) this.#tail = other.#tail;
    else {
      this.#links.setNext(other.#tail, this.#head);
      this.#links.setPrevious(this.#head, other.#tail);
    }
    this.#head = other.#head;
    this.#length += other.#length;
    other.#head = 0;
    other.#tail = 0;
    other.#length = 0;
  }
}
