/**
 * One zpool's share of an arena: takes and returns frames, counts them, and holds an owner number in
 * the arena only while it holds frames. So a drained zpool can simply be forgotten, and zpools may
 * be made and dropped any number of times over one arena.
 */
import type { Arena, FrameOwner } from './arena.ts';
import type { FrameMemory } from './frame-memory.ts';

export class PoolFrames {
  readonly arena: Arena;
  readonly memory: FrameMemory;
  readonly #owner: FrameOwner;
  #ownerNumber = 0;
  #count = 0;

  constructor(arena: Arena, owner: FrameOwner) {
    this.arena = arena;
    this.memory = arena.memory;
    this.#owner = owner;
  }

  /** Frames held. */
  get count(): number {
    return this.#count;
  }

  /** A frame held under `index`, or 0 if there is no memory. */
  alloc(index: number): number {
    if (this.#count === 0) this.#ownerNumber = this.arena.enroll(this.#owner);
    const frame = this.arena.alloc(this.#ownerNumber, index);
    if (frame !== 0) this.#count++;
    else if (this.#count === 0) this.arena.withdraw(this.#ownerNumber);
    return frame;
  }

  free(frame: number): void {
    this.arena.free(frame);
    this.#count--;
    if (this.#count === 0) this.arena.withdraw(this.#ownerNumber);
  }
}
