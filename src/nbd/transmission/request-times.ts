/**
 * How long requests take, from the moment their header was read to the moment their reply is handed
 * to the socket, by command. Requests that arrive together have the time at which their turn began,
 * which is known anyway, and replies that leave together share one look at the clock: so a batch
 * costs one, however many requests are in it.
 */
import { assert, present } from '../../std/assert.ts';
import { LogHistogram, type HistogramReading } from '../../std/log-histogram.ts';
import type { BlkOp } from '../../blk/request.ts';

/** Commands that are timed; an index into this is what is noted. */
const TIMED_OPS = ['read', 'write', 'trim', 'zero', 'flush'] as const satisfies readonly BlkOp[];

/** Requests answered between two looks at the clock at most. */
const BATCH_MAX = 256;

/** Durations of requests since start, one histogram for each command. */
export class RequestTimes {
  readonly #histograms: readonly LogHistogram[] = TIMED_OPS.map(() => new LogHistogram());

  record(op: number, ms: number): void {
    present(this.#histograms[op]).record(ms);
  }

  read(): Readonly<Record<BlkOp, HistogramReading>> {
    const rows = TIMED_OPS.map((op, index) => [op, present(this.#histograms[index]).read()]);
    // One row for each operation.
    return Object.fromEntries(rows) as Record<BlkOp, HistogramReading>;
  }
}

/** The requests of one connection that have been answered since the clock was looked at. */
export class AnsweredBatch {
  readonly #times: RequestTimes;
  readonly #nowMs: () => number;
  readonly #ops: Uint8Array = new Uint8Array(BATCH_MAX);
  readonly #starts: Float64Array = new Float64Array(BATCH_MAX);
  #count = 0;

  constructor(times: RequestTimes, nowMs: () => number) {
    this.#times = times;
    this.#nowMs = nowMs;
  }

  /** A request that began at `startMs` has been answered. */
  note(op: BlkOp, startMs: number): void {
    if (this.#count === BATCH_MAX) this.settle();
    this.#ops[this.#count] = TIMED_OPS.indexOf(op);
    this.#starts[this.#count] = startMs;
    this.#count += 1;
  }

  /** The replies leave now. */
  settle(): void {
    if (this.#count === 0) return;
    const now = this.#nowMs();
    for (let i = 0; i < this.#count; i++) {
      const start = present(this.#starts[i]);
      assert(start <= now);
      this.#times.record(present(this.#ops[i]), now - start);
    }
    this.#count = 0;
  }
}
