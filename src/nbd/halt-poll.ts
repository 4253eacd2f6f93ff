/**
 * Halt polling: where the next request keeps coming within microseconds of the last reply, as from
 * a guest that waits for one page after the other, the server looks for it a little longer before
 * it goes to sleep. Putting a core to sleep and waking it costs more than serving the page.
 *
 * It polls only where that pays. A poll in vain is the last, until some more waits have been
 * so short that polling would have met their end; and if that goes wrong time after time, ever more
 * of them. So an idle server sleeps, and a client that needs this core to send its next request is
 * let to run.
 *
 * @see virt/kvm/kvm_main.c kvm_vcpu_halt, grow_halt_poll_ns
 */
import type { Rt, Task } from '../rt/rt.ts';

/** Short waits to see after a poll in vain before the next one: at least, and at most. */
const PENALTY_MIN = 32;
const PENALTY_MAX = 4096;
/** Longest poll in turns of the event loop, whatever the clock says. */
const TURNS_MAX = 256;

export class HaltPoll implements Task {
  readonly #rt: Pick<Rt, 'nowMs' | 'yieldTask'>;
  readonly #windowMs: number;
  /** When all input had been used up. */
  #idleMs = 0;
  #isIdle = false;
  /** Turns of the event loop since then. */
  #turns = 0;
  #isPolling = false;
  /** Short waits still to be seen before it polls again. */
  #owed = PENALTY_MIN;
  #penalty = PENALTY_MIN;

  /** @param windowMs - the longest poll */
  constructor(rt: Pick<Rt, 'nowMs' | 'yieldTask'>, windowMs: number) {
    this.#rt = rt;
    this.#windowMs = windowMs;
  }

  /** Input has come, on any connection. */
  begin(): void {
    if (!this.#isIdle) return;
    this.#isIdle = false;
    if (this.#isPolling) this.#penalty = Math.max(this.#penalty / 2, PENALTY_MIN);
    else if (this.#owed > 0 && this.#rt.nowMs() - this.#idleMs < this.#windowMs) this.#owed -= 1;
  }

  /** The input that came has been used up. */
  end(): void {
    this.#isIdle = true;
    this.#idleMs = this.#rt.nowMs();
    this.#turns = 0;
    if (this.#isPolling || this.#owed > 0) return;
    this.#isPolling = true;
    this.#rt.yieldTask(this);
  }

  /** {@link Task}: another turn of the event loop has passed. */
  resume(): void {
    this.#turns += 1;
    if (this.#turns < TURNS_MAX && this.#rt.nowMs() - this.#idleMs < this.#windowMs) {
      this.#rt.yieldTask(this);
      return;
    }
    this.#isPolling = false;
    this.#owed = this.#penalty;
    this.#penalty = Math.min(2 * this.#penalty, PENALTY_MAX);
  }
}
