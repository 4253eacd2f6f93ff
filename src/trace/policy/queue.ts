/**
 * Queues of pages through columns indexed by object, as the policies need them: an object is in at
 * most one of the queues that share columns. Objects are numbered from 1 here, 0 is nobody.
 *
 *     head (oldest)  <-  ...  <-  tail (newest)
 */

/** Links that several queues share. */
export class QueueLinks {
  readonly newer: Uint32Array;
  readonly older: Uint32Array;
  /** Number of the queue that an object is in; 0: none. */
  readonly queue: Uint8Array;

  constructor(objectCount: number) {
    this.newer = new Uint32Array(objectCount + 1);
    this.older = new Uint32Array(objectCount + 1);
    this.queue = new Uint8Array(objectCount + 1);
  }
}

export class Queue {
  head = 0;
  tail = 0;
  length = 0;
  readonly #links: QueueLinks;
  readonly #number: number;

  /** @param number - 1..255, of its own among the queues of these links */
  constructor(links: QueueLinks, number: number) {
    this.#links = links;
    this.#number = number;
  }

  has(object: number): boolean {
    return this.#links.queue[object] === this.#number;
  }

  push(object: number): void {
    const { newer, older, queue } = this.#links;
    const tail = this.tail;
    older[object] = tail;
    newer[object] = 0;
    if (tail === 0) this.head = object;
    else newer[tail] = object;
    this.tail = object;
    queue[object] = this.#number;
    this.length += 1;
  }

  remove(object: number): void {
    const { newer, older, queue } = this.#links;
    const next = newer[object] ?? 0;
    const previous = older[object] ?? 0;
    if (previous === 0) this.head = next;
    else newer[previous] = next;
    if (next === 0) this.tail = previous;
    else older[next] = previous;
    queue[object] = 0;
    this.length -= 1;
  }

  /** Takes the oldest out; 0 if there is none. */
  shift(): number {
    const object = this.head;
    if (object !== 0) this.remove(object);
    return object;
  }
}
