/**
 * Times one event in many: what takes microseconds and happens for every page would be slowed by
 * two looks at the clock, and one page in 64 says as much about the distribution.
 */
import { LogHistogram } from '../std/log-histogram.ts';
import type { Rt } from './rt.ts';

/** Of so many events one is timed: the last of each such number. */
export const SAMPLE_EVERY = 64;

/** What {@link SampledTimer.begin} returns for an event that is not timed. */
const UNTIMED = -1;

export class SampledTimer {
  readonly histogram: LogHistogram = new LogHistogram();
  readonly #rt: Pick<Rt, 'nowMs'>;
  #left = SAMPLE_EVERY;

  constructor(rt: Pick<Rt, 'nowMs'>) {
    this.#rt = rt;
  }

  /** An event begins; what this returns is for {@link end}, or dropped if it comes to nothing. */
  begin(): number {
    this.#left -= 1;
    if (this.#left > 0) return UNTIMED;
    this.#left = SAMPLE_EVERY;
    return this.#rt.nowMs();
  }

  /** The event has ended. */
  end(begun: number): void {
    if (begun !== UNTIMED) this.histogram.record(this.#rt.nowMs() - begun);
  }
}
