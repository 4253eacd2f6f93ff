/**
 * What is said of a device that refuses requests: one sentence when it begins and one when it is
 * over. A disk in trouble may fail thousands of times a second, and some requests of many may
 * succeed meanwhile, so it is over only when none has failed for a while. The counters of the
 * statistics have the rest.
 */
import { ENOSPC, OK } from '../std/errno.ts';
import type { Errno } from '../std/errno.ts';
import type { Rt } from '../rt/rt.ts';

/** So long without an error, and a device counts as working again. */
export const TROUBLE_QUIET_MS = 10_000;

export class DeviceTrouble {
  readonly #rt: Pick<Rt, 'nowMs'>;
  readonly #say: (message: string) => void;
  /** Since the first of the errors that were not over yet; 0: none. */
  #errors = 0;
  #firstMs = 0;
  #lastMs = 0;

  constructor(rt: Pick<Rt, 'nowMs'>, say: (message: string) => void) {
    this.#rt = rt;
    this.#say = say;
  }

  /** Notes how a request has ended. */
  note(error: Errno, isWrite: boolean): void {
    if (error === OK) {
      if (this.#errors > 0) this.#endIfQuiet();
      return;
    }
    const now = this.#rt.nowMs();
    this.#lastMs = now;
    this.#errors += 1;
    if (this.#errors > 1) return;
    this.#firstMs = now;
    const verb = isWrite ? 'write' : 'read';
    const why = error === ENOSPC ? 'there is no room' : 'an input/output error';
    this.#say(`a ${verb} has failed: ${why}; further errors are only counted`);
  }

  #endIfQuiet(): void {
    if (this.#rt.nowMs() - this.#lastMs < TROUBLE_QUIET_MS) return;
    const seconds = Math.ceil((this.#lastMs - this.#firstMs) / 1000);
    this.#say(`works again, after ${this.#errors} failed requests in ${seconds} s`);
    this.#errors = 0;
  }
}
