/**
 * The requests of a connection that have been started and not been answered: records that are made
 * when first needed and then reused, so that a request costs no object.
 */
import type { BlkDisk, BlkRequest } from '../../blk/request.ts';
import { assert } from '../../std/assert.ts';
import type { Frame } from '../frames.ts';

/** A disk request with what its reply needs. */
export interface InFlight {
  readonly request: BlkRequest;
  /** The client's cookie, given back as it came. */
  cookieHi: number;
  cookieLo: number;
  /** The frame that holds the payload, where that is neither the receive nor the batch buffer. */
  frame: Frame | undefined;
  /** Reservation of memory, see `ConnectionBudget`; 0 if there is none. */
  token: number;
  /** Nobody waits for the reply any more. */
  silent: boolean;
  /** When the turn began in which its header was read. */
  startMs: number;
}

export class InFlightTable {
  readonly #disk: BlkDisk;
  readonly #onDone: (entry: InFlight) => void;
  readonly #free: InFlight[] = [];
  #count = 0;

  /** @param onDone - called, from an empty stack, when a request that had to wait has finished */
  constructor(disk: BlkDisk, onDone: (entry: InFlight) => void) {
    this.#disk = disk;
    this.#onDone = onDone;
  }

  /** Requests in flight. */
  get count(): number {
    return this.#count;
  }

  take(cookieHi: number, cookieLo: number, token: number): InFlight {
    const entry = this.#free.pop() ?? this.#make();
    this.#count += 1;
    entry.cookieHi = cookieHi;
    entry.cookieLo = cookieLo;
    entry.token = token;
    return entry;
  }

  /** Takes a record back; its frame and reservation have been given back or passed on. */
  give(entry: InFlight): void {
    assert(this.#count > 0 && entry.frame === undefined && entry.token === 0);
    this.#count -= 1;
    entry.silent = false;
    entry.request.payload = undefined;
    this.#free.push(entry);
  }

  #make(): InFlight {
    const entry: InFlight = {
      request: this.#disk.createRequest(() => this.#onDone(entry)),
      cookieHi: 0,
      cookieLo: 0,
      frame: undefined,
      token: 0,
      silent: false,
      startMs: 0,
    };
    return entry;
  }
}
