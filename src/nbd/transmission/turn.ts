/**
 * How long a connection may parse before others get their turn. A slice of the disk bounds one
 * request; a chunk of input can hold thousands of requests, so their sum is bounded here.
 */
import type { Rt } from '../../rt/rt.ts';
import { divCeil, PAGE_SIZE } from '../../std/units.ts';
import * as wire from '../wire.ts';

/** Longest turn of a connection, in milliseconds. */
const TURN_MS = 0.5;
/** Pages between two looks at the clock. */
const TURN_PAGES = 16;

export class Turn {
  readonly #rt: Pick<Rt, 'nowMs'>;
  #startMs = 0;
  #pages = 0;

  constructor(rt: Pick<Rt, 'nowMs'>) {
    this.#rt = rt;
  }

  /** When the turn began. */
  get startMs(): number {
    return this.#startMs;
  }

  begin(): void {
    this.#startMs = this.#rt.nowMs();
    this.#pages = 0;
  }

  /** Says whether the turn is over with this request. */
  isOverAfter(type: number, length: number): boolean {
    this.#pages += pagesWorth(type, length);
    if (this.#pages < TURN_PAGES) return false;
    this.#pages = 0;
    return this.#rt.nowMs() - this.#startMs >= TURN_MS;
  }
}

/** Work of a request in pages moved; those that scan the swap table are worth a look at once. */
function pagesWorth(type: number, length: number): number {
  switch (type) {
    case wire.NBD_CMD_READ:
    case wire.NBD_CMD_WRITE:
      return divCeil(length, PAGE_SIZE);
    case wire.NBD_CMD_TRIM:
    case wire.NBD_CMD_WRITE_ZEROES:
    case wire.NBD_CMD_BLOCK_STATUS:
      return TURN_PAGES;
    default:
      return 1;
  }
}
