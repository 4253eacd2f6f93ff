/**
 * How often work in many small pieces looks at the clock to see whether others must have their
 * turn. A look costs as much as a short piece, so short pieces share one; where pieces turn out
 * long, as with a thorough compressor, each gets its own, or the sum would be a stall for all.
 */

/** Longest run of one piece of work without giving others their turn, in milliseconds. */
export const SLICE_MS = 0.5;

/**
 * Pieces between two looks at the clock, at most. A request that ends before the first look makes
 * no garbage, which a reading of the clock is.
 */
export const STRIDE_MAX = 16;

export class Pace {
  /** It begins with one and grows, so that long pieces are never found out too late. */
  #stride = 1;

  /** Pieces that may run before the next look, 1..{@link STRIDE_MAX}. */
  get stride(): number {
    return this.#stride;
  }

  /**
   * A look at the clock: says whether a slice is over that has lasted `elapsedMs`, and learns from
   * it how long pieces are.
   */
  isOver(elapsedMs: number): boolean {
    if (elapsedMs < SLICE_MS) {
      this.#stride = Math.min(STRIDE_MAX, this.#stride * 2);
      return false;
    }
    // A slice a little too long is in order; one of several times the length was seen too late.
    const share = Math.min(1, (2 * SLICE_MS) / elapsedMs);
    this.#stride = Math.max(1, Math.floor(this.#stride * share));
    return true;
  }
}
