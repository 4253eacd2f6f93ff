/**
 * Belády's optimum: evicts the page whose next reference is furthest away. No policy that takes in
 * what it misses has more hits, so it is the bound to compare with; nobody can run it, since it
 * knows the future.
 *
 * A page that is trimmed before it is referenced again has no next reference. Pages wait in a heap
 * with the furthest on top, and each knows its place there.
 *
 * @see Belády, "A study of replacement algorithms for a virtual-storage computer" (1966)
 */
import { present } from '../../std/assert.ts';
import { OP_TRIM } from '../record.ts';
import type { ReferenceBlock, ReferenceTrace } from '../references.ts';
import type { CachePolicy } from './policy.ts';

const NEVER = 0xffff_ffff;

/** By block and reference: the number of the next reference to the object, or {@link NEVER}. */
export type NextUses = ReadonlyMap<ReferenceBlock, Uint32Array>;

/** Finds for each reference the next one to its object. One pass, from the end. */
export function findNextUses(trace: ReferenceTrace): NextUses {
  const next = new Uint32Array(trace.objectCount).fill(NEVER);
  const found = new Map<ReferenceBlock, Uint32Array>();
  let end = trace.referenceCount;
  for (const block of trace.blocks.toReversed()) {
    const uses = new Uint32Array(block.count);
    const start = end - block.count;
    for (let at = block.count - 1; at >= 0; at -= 1) {
      const object = block.objects[at] ?? 0;
      uses[at] = next[object] ?? NEVER;
      next[object] = block.ops[at] === OP_TRIM ? NEVER : start + at;
    }
    found.set(block, uses);
    end = start;
  }
  return found;
}

class BeladyPolicy implements CachePolicy {
  readonly #nextUses: NextUses;
  readonly #capacity: number;
  /** Heap of objects + 1 by next use, from place 1; and each object's place in it, 0: none. */
  readonly #heap: Uint32Array;
  readonly #place: Uint32Array;
  readonly #next: Uint32Array;
  #length = 0;

  constructor(trace: ReferenceTrace, capacity: number, nextUses: NextUses) {
    this.#nextUses = nextUses;
    this.#capacity = capacity;
    this.#heap = new Uint32Array(Math.min(capacity, trace.objectCount) + 2);
    this.#place = new Uint32Array(trace.objectCount + 1);
    this.#next = new Uint32Array(trace.objectCount + 1);
  }

  get length(): number {
    return this.#length;
  }

  run(block: ReferenceBlock, hits: Uint8Array): void {
    const { count, objects, ops } = block;
    const nextUses = present(this.#nextUses.get(block));
    const place = this.#place;
    const next = this.#next;
    for (let at = 0; at < count; at += 1) {
      const object = (objects[at] ?? 0) + 1;
      const isThere = place[object] !== 0;
      if (ops[at] === OP_TRIM) {
        if (isThere) this.#remove(object);
        hits[at] = 0;
        continue;
      }
      hits[at] = isThere ? 1 : 0;
      if (!isThere && this.#length === this.#capacity) this.#remove(this.#heap[1] ?? 0);
      next[object] = nextUses[at] ?? NEVER;
      if (isThere) this.#up(place[object] ?? 0, object);
      else {
        this.#length += 1;
        this.#up(this.#length, object);
      }
    }
  }

  #remove(object: number): void {
    const hole = this.#place[object] ?? 0;
    const last = this.#heap[this.#length] ?? 0;
    this.#length -= 1;
    this.#place[object] = 0;
    if (last === object) return;
    this.#up(hole, last);
    this.#down(this.#place[last] ?? 0, last);
  }

  /** Puts an object at a place or above, where it belongs. */
  #up(from: number, object: number): void {
    const heap = this.#heap;
    const next = this.#next;
    const use = next[object] ?? 0;
    let at = from;
    while (at > 1) {
      const parent = heap[at >>> 1] ?? 0;
      if ((next[parent] ?? 0) >= use) break;
      this.#put(at, parent);
      at >>>= 1;
    }
    this.#put(at, object);
  }

  #down(from: number, object: number): void {
    const heap = this.#heap;
    const next = this.#next;
    const use = next[object] ?? 0;
    let at = from;
    for (;;) {
      let child = 2 * at;
      if (child > this.#length) break;
      const right = child + 1;
      const isRight =
        right <= this.#length && (next[heap[right] ?? 0] ?? 0) > (next[heap[child] ?? 0] ?? 0);
      if (isRight) child = right;
      const below = heap[child] ?? 0;
      if ((next[below] ?? 0) <= use) break;
      this.#put(at, below);
      at = child;
    }
    this.#put(at, object);
  }

  #put(at: number, object: number): void {
    this.#heap[at] = object;
    this.#place[object] = at;
  }
}

export function createBelady(
  trace: ReferenceTrace,
  capacity: number,
  nextUses: NextUses = findNextUses(trace),
): CachePolicy {
  return new BeladyPolicy(trace, capacity, nextUses);
}
