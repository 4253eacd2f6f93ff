/**
 * Long work of many pieces that lets others have their turn: it begins a slice each time it runs,
 * asks before each piece whether that is over, and stops there if so.
 */
import { Pace } from './pace.ts';
import type { Rt, Task } from './rt.ts';

export class Slice {
  readonly #rt: Rt;
  readonly #pace: Pace = new Pace();
  #startMs = 0;
  #pieces = 0;

  constructor(rt: Rt) {
    this.#rt = rt;
  }

  /** Begins a slice: the task runs, or runs again. */
  begin(): void {
    this.#startMs = this.#rt.nowMs();
    this.#pieces = 0;
  }

  /** To be called before each piece; true: the task has been parked, and is resumed in its turn. */
  isOver(task: Task): boolean {
    this.#pieces += 1;
    if (this.#pieces <= this.#pace.stride) return false;
    // The piece that is about to begin belongs to what comes after the look.
    this.#pieces = 1;
    if (!this.#pace.isOver(this.#rt.nowMs() - this.#startMs)) return false;
    this.#rt.yieldTask(task);
    return true;
  }
}
