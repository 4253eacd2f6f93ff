/** Least recently used, and first in first out, which differ in whether a hit counts. */
import { OP_TRIM } from '../record.ts';
import type { ReferenceBlock, ReferenceTrace } from '../references.ts';
import type { CachePolicy } from './policy.ts';
import { Queue, QueueLinks } from './queue.ts';

const RESIDENT = 1;

class ListPolicy implements CachePolicy {
  readonly #links: QueueLinks;
  readonly #resident: Queue;
  readonly #capacity: number;
  readonly #movesOnHit: boolean;

  constructor(trace: ReferenceTrace, capacity: number, movesOnHit: boolean) {
    this.#links = new QueueLinks(trace.objectCount);
    this.#resident = new Queue(this.#links, RESIDENT);
    this.#capacity = capacity;
    this.#movesOnHit = movesOnHit;
  }

  get length(): number {
    return this.#resident.length;
  }

  run({ count, objects, ops }: ReferenceBlock, hits: Uint8Array): void {
    const resident = this.#resident;
    const { queue } = this.#links;
    for (let at = 0; at < count; at += 1) {
      const object = (objects[at] ?? 0) + 1;
      const isThere = queue[object] === RESIDENT;
      if (ops[at] === OP_TRIM) {
        if (isThere) resident.remove(object);
        hits[at] = 0;
        continue;
      }
      hits[at] = isThere ? 1 : 0;
      if (isThere) {
        if (!this.#movesOnHit || resident.tail === object) continue;
        resident.remove(object);
      } else if (resident.length === this.#capacity) resident.shift();
      resident.push(object);
    }
  }
}

export function createLru(trace: ReferenceTrace, capacity: number): CachePolicy {
  return new ListPolicy(trace, capacity, true);
}

export function createFifo(trace: ReferenceTrace, capacity: number): CachePolicy {
  return new ListPolicy(trace, capacity, false);
}
