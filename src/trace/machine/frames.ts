/**
 * The page frames of a simulated machine: an exact LRU of pages, each clean or dirty, with or
 * without a copy in swap. It is the guest's memory, and decides what reaches the swap device.
 *
 * As in Linux, a page that is read back keeps its copy in swap while it stays clean, and then needs
 * no writing when it goes again; a write makes the copy useless.
 */
import { Queue, QueueLinks } from '../policy/queue.ts';

const RESIDENT = 1;
const DIRTY = 1;
const IN_SWAP = 2;

export class Frames {
  readonly limit: number;
  readonly #lru: Queue;
  readonly #state: Uint8Array;

  /** @param limit - pages, 1 or more */
  constructor(objectCount: number, limit: number) {
    this.limit = limit;
    this.#lru = new Queue(new QueueLinks(objectCount), RESIDENT);
    this.#state = new Uint8Array(objectCount + 1);
  }

  get length(): number {
    return this.#lru.length;
  }

  get isFull(): boolean {
    return this.#lru.length >= this.limit;
  }

  has(object: number): boolean {
    return this.#lru.has(object + 1);
  }

  isDirty(object: number): boolean {
    return ((this.#state[object] ?? 0) & DIRTY) !== 0;
  }

  isInSwap(object: number): boolean {
    return ((this.#state[object] ?? 0) & IN_SWAP) !== 0;
  }

  /** Notes a use of a page that is there. */
  use(object: number): void {
    this.#lru.remove(object + 1);
    this.#lru.push(object + 1);
  }

  add(object: number): void {
    this.#lru.push(object + 1);
  }

  remove(object: number): void {
    this.#lru.remove(object + 1);
  }

  /** The page that has not been used for the longest time; -1: there is none. */
  get oldest(): number {
    return this.#lru.head - 1;
  }

  setDirty(object: number): void {
    this.#state[object] = (this.#state[object] ?? 0) | DIRTY;
  }

  /** The page has been written to swap, or read from it. */
  setClean(object: number): void {
    this.#state[object] = IN_SWAP;
  }

  /** The copy in swap has gone. */
  dropCopy(object: number): void {
    this.#state[object] = (this.#state[object] ?? 0) & ~IN_SWAP;
  }

  /** Nothing is known of the page any more. */
  forget(object: number): void {
    if (this.has(object)) this.remove(object);
    this.#state[object] = 0;
  }
}
