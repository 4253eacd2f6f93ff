/**
 * A small seeded generator for everything that must be repeatable: schedules, generated pages, fuzz
 * inputs. Not for secrets.
 *
 * @see Vigna, "Further scramblings of Marsaglia's xorshift generators" (splitmix-style seeding of a
 *   32-bit xorshift state)
 */
export class Prng {
  #state: number;

  /** @param seed - any integer; only its low 32 bits count */
  constructor(seed: number) {
    this.#state = (Math.imul(seed ^ (seed >>> 16), 0x45d9f3b) ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** The next unsigned 32-bit integer. */
  u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return Math.imul(this.#state, 0x9e3779b1) >>> 0;
  }

  /** A uniform integer in `[0, bound)`; `bound` at most 2^32. */
  below(bound: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * bound);
  }

  /** True with probability `numerator / denominator`. */
  chance(numerator: number, denominator: number): boolean {
    return this.below(denominator) < numerator;
  }
}
