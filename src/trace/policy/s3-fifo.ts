/**
 * S3-FIFO: a small queue that new pages must survive, a main queue for those that were used again,
 * and a memory of the pages that did not survive, which go to the main queue when they come back.
 * Use is counted up to three.
 *
 *     new -> small (a tenth) -> used more than once: main, else: ghost (names only)
 *     in ghost ------------------------------------> main: used: once more round, else: gone
 *
 * @see Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction" (SOSP 2023)
 */
import { OP_TRIM } from '../record.ts';
import type { ReferenceBlock, ReferenceTrace } from '../references.ts';
import type { CachePolicy } from './policy.ts';
import { Queue, QueueLinks } from './queue.ts';

const SMALL = 1;
const MAIN = 2;
const GHOST = 3;

const USES_MAX = 3;
/** Uses in the small queue that make a page the main queue's. */
const USES_TO_STAY = 2;
const SMALL_SHARE = 0.1;

class S3FifoPolicy implements CachePolicy {
  readonly #links: QueueLinks;
  readonly #small: Queue;
  readonly #main: Queue;
  readonly #ghost: Queue;
  readonly #uses: Uint8Array;
  readonly #capacity: number;
  readonly #smallCapacity: number;
  readonly #ghostCapacity: number;

  constructor(trace: ReferenceTrace, capacity: number) {
    this.#links = new QueueLinks(trace.objectCount);
    this.#small = new Queue(this.#links, SMALL);
    this.#main = new Queue(this.#links, MAIN);
    this.#ghost = new Queue(this.#links, GHOST);
    this.#uses = new Uint8Array(trace.objectCount + 1);
    this.#capacity = capacity;
    this.#smallCapacity = Math.max(1, Math.floor(capacity * SMALL_SHARE));
    this.#ghostCapacity = Math.max(1, capacity - this.#smallCapacity);
  }

  get length(): number {
    return this.#small.length + this.#main.length;
  }

  run({ count, objects, ops }: ReferenceBlock, hits: Uint8Array): void {
    const { queue } = this.#links;
    const uses = this.#uses;
    for (let at = 0; at < count; at += 1) {
      const object = (objects[at] ?? 0) + 1;
      const where = queue[object] ?? 0;
      const isThere = where === SMALL || where === MAIN;
      if (ops[at] === OP_TRIM) {
        if (where !== 0) this.#queueOf(where).remove(object);
        hits[at] = 0;
        continue;
      }
      hits[at] = isThere ? 1 : 0;
      if (isThere) {
        uses[object] = Math.min(USES_MAX, (uses[object] ?? 0) + 1);
        continue;
      }
      while (this.length >= this.#capacity) this.#evict();
      uses[object] = 0;
      // Making room may just have pushed its name out of the ghost queue.
      if (where === GHOST && queue[object] === GHOST) {
        this.#ghost.remove(object);
        this.#main.push(object);
      } else (where === GHOST ? this.#main : this.#small).push(object);
    }
  }

  #queueOf(where: number): Queue {
    if (where === SMALL) return this.#small;
    return where === MAIN ? this.#main : this.#ghost;
  }

  /** Takes one step towards room: a page leaves, or changes its queue. */
  #evict(): void {
    if (this.#small.length >= this.#smallCapacity || this.#main.length === 0) this.#evictSmall();
    else this.#evictMain();
  }

  #evictSmall(): void {
    const object = this.#small.shift();
    if ((this.#uses[object] ?? 0) >= USES_TO_STAY) {
      this.#uses[object] = 0;
      this.#main.push(object);
      return;
    }
    if (this.#ghost.length >= this.#ghostCapacity) this.#ghost.shift();
    this.#ghost.push(object);
  }

  #evictMain(): void {
    const object = this.#main.shift();
    const uses = this.#uses[object] ?? 0;
    if (uses === 0) return;
    this.#uses[object] = uses - 1;
    this.#main.push(object);
  }
}

export function createS3Fifo(trace: ReferenceTrace, capacity: number): CachePolicy {
  return new S3FifoPolicy(trace, capacity);
}
