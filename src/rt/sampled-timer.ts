/**
 * Times one event in many: what takes microseconds and happens for every page would be slowed by
 * two looks at the clock, and one page in 256 says as much about the distribution.
 */
import { present } from '../std/assert.ts';
import { LogHistogram } from '../std/log-histogram.ts';
import type { Rt } from './rt.ts';

/** Of so many events one is timed: the last of each such number. */
export const SAMPLE_EVERY = 256;

export class SampledTimer {
  readonly histogram: LogHistogram = new LogHistogram();
  readonly #rt: Pick<Rt, 'nowMs'>;
  /** When the timed event began: in an array, because a number of its own would be garbage. */
  readonly #start: Float64Array = new Float64Array(1);
  #left = SAMPLE_EVERY;

  constructor(rt: Pick<Rt, 'nowMs'>) {
    this.#rt = rt;
  }

  /**
   * An event begins.
   *
   * @returns whether it is timed, for {@link end}; to be dropped if the event comes to nothing
   */
  begin(): boolean {
    this.#left -= 1;
    if (this.#left > 0) return false;
    this.#left = SAMPLE_EVERY;
    this.#start[0] = this.#rt.nowMs();
    return true;
  }

  /** The event has ended. */
  end(isTimed: boolean): void {
    if (isTimed) this.histogram.record(this.#rt.nowMs() - present(this.#start[0]));
  }
}
