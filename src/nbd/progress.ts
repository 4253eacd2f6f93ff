/**
 * Whether a connection gets on: what has moved since it was last looked at, and when it last moved
 * enough. What the deadlines are compared with.
 */
export class Progress {
  #sinceMs: number;
  /** Bytes since then; Infinity once a reply has gone. */
  #bytes = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Bytes have been received. */
  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /** A reply has gone: whoever takes answers gets on. */
  replied(): void {
    this.#bytes = Infinity;
  }

  /** Begins anew. */
  restart(nowMs: number): void {
    this.#bytes = 0;
    this.#sinceMs = nowMs;
  }

  /** Says whether so many bytes have moved since it began. */
  has(bytes: number): boolean {
    return this.#bytes >= bytes;
  }

  /** Milliseconds since it began. */
  ageMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }
}
