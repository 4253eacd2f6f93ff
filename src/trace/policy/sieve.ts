/**
 * SIEVE: a queue in which nothing ever moves; a hand goes from the oldest to the newest, lets those
 * that were used stay once more, and evicts the first that was not. Also known as a clock whose new
 * pages do not come under the hand at once.
 *
 * @see Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is simpler than LRU" (NSDI 2024)
 */
import { OP_TRIM } from '../record.ts';
import type { ReferenceBlock, ReferenceTrace } from '../references.ts';
import type { CachePolicy } from './policy.ts';
import { Queue, QueueLinks } from './queue.ts';

const RESIDENT = 1;

class SievePolicy implements CachePolicy {
  readonly #links: QueueLinks;
  readonly #resident: Queue;
  readonly #visited: Uint8Array;
  readonly #capacity: number;
  /** Where the hand is; 0: at the oldest. */
  #hand = 0;

  constructor(trace: ReferenceTrace, capacity: number) {
    this.#links = new QueueLinks(trace.objectCount);
    this.#resident = new Queue(this.#links, RESIDENT);
    this.#visited = new Uint8Array(trace.objectCount + 1);
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#resident.length;
  }

  run({ count, objects, ops }: ReferenceBlock, hits: Uint8Array): void {
    const resident = this.#resident;
    const visited = this.#visited;
    const { queue } = this.#links;
    for (let at = 0; at < count; at += 1) {
      const object = (objects[at] ?? 0) + 1;
      const isThere = queue[object] === RESIDENT;
      if (ops[at] === OP_TRIM) {
        if (isThere) this.#drop(object);
        hits[at] = 0;
        continue;
      }
      hits[at] = isThere ? 1 : 0;
      if (isThere) {
        visited[object] = 1;
        continue;
      }
      if (resident.length === this.#capacity) this.#evict();
      visited[object] = 0;
      resident.push(object);
    }
  }

  #drop(object: number): void {
    if (this.#hand === object) this.#hand = this.#links.newer[object] ?? 0;
    this.#resident.remove(object);
  }

  #evict(): void {
    const { newer } = this.#links;
    const visited = this.#visited;
    let object = this.#hand === 0 ? this.#resident.head : this.#hand;
    while (visited[object] === 1) {
      visited[object] = 0;
      object = newer[object] ?? 0;
      if (object === 0) object = this.#resident.head;
    }
    this.#hand = object;
    this.#drop(object);
  }
}

export function createSieve(trace: ReferenceTrace, capacity: number): CachePolicy {
  return new SievePolicy(trace, capacity);
}
