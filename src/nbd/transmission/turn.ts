/**
 * How long a connection may parse before others get their turn. A slice of the disk bounds one
 * request; a chunk of input can hold thousands of requests, so their sum is bounded here.
 */
import type { Rt } from '../../rt/rt.ts';
import { divCeil, PAGE_SIZE } from '../../std/units.ts';
import * as wire from '../wire.ts';

/** Longest turn of the only connection, in milliseconds: replies to timers and operators wait. */
const TURN_MS = 0.5;
/** The same where there are others, so that a page is read while much is written elsewhere. */
const SHARED_TURN_MS = 0.1;
/** Work between two looks at the clock. */
const LOOK_WORK = 32;
/** Work of a page that is written; one that is read is 1. Compressing takes that much longer. */
const WRITE_WORK = 4;

export class Turn {
  readonly #rt: Pick<Rt, 'nowMs'>;
  #startMs = 0;
  #limitMs = TURN_MS;
  #work = 0;

  constructor(rt: Pick<Rt, 'nowMs'>) {
    this.#rt = rt;
  }

  /** When the turn began. */
  get startMs(): number {
    return this.#startMs;
  }

  /** @param connections - that want turns */
  begin(connections: number): void {
    this.#startMs = this.#rt.nowMs();
    this.#limitMs = connections > 1 ? SHARED_TURN_MS : TURN_MS;
    this.#work = 0;
  }

  /** Says whether the turn is over with this much work. */
  isOverAfter(work: number): boolean {
    this.#work += work;
    if (this.#work < LOOK_WORK) return false;
    this.#work = 0;
    return this.#rt.nowMs() - this.#startMs >= this.#limitMs;
  }
}

/** Work of a request, or of a part of it, in pages read. */
export function workOf(type: number, length: number): number {
  switch (type) {
    case wire.NBD_CMD_READ:
      return divCeil(length, PAGE_SIZE);
    case wire.NBD_CMD_WRITE:
      return WRITE_WORK * divCeil(length, PAGE_SIZE);
    case wire.NBD_CMD_TRIM:
    case wire.NBD_CMD_WRITE_ZEROES:
    case wire.NBD_CMD_BLOCK_STATUS:
      // They scan the swap table, and are worth a look at once.
      return LOOK_WORK;
    default:
      return 1;
  }
}
