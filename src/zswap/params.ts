/**
 * The parameters of zswap, by the kernel's names in camelCase, and the arithmetic of the pool
 * limit. All take effect at their next use.
 *
 * @see mm/zswap.c, module parameters; zswap_max_pages, zswap_accept_thr_pages
 */
import { SHRINKER_POLICIES, type ShrinkerPolicy } from '../memcg/shrinker-policy.ts';
import { PAGE_SIZE } from '../std/units.ts';

export class ZswapParams {
  readonly #totalRamPages: number;
  #enabled = true;
  #maxPoolPercent = 20;
  #poolBytes: number | undefined;
  #acceptThresholdPercent = 90;
  #shrinkerEnabled = false;
  #shrinkerPolicy: ShrinkerPolicy = 'second_chance';

  /** @param totalRamPages - what `max_pool_percent` is a share of */
  constructor(totalRamPages: number) {
    this.#totalRamPages = totalRamPages;
  }

  /** False: new pages are refused; what is stored stays readable. */
  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(value: boolean) {
    this.#enabled = value;
  }

  get shrinkerEnabled(): boolean {
    return this.#shrinkerEnabled;
  }

  set shrinkerEnabled(value: boolean) {
    this.#shrinkerEnabled = value;
  }

  /** What is taken for warm; a parameter of our own, since each kernel has one policy. */
  get shrinkerPolicy(): ShrinkerPolicy {
    return this.#shrinkerPolicy;
  }

  set shrinkerPolicy(policy: ShrinkerPolicy) {
    if (!SHRINKER_POLICIES.includes(policy)) {
      throw new RangeError(`shrinker_policy takes ${SHRINKER_POLICIES.join(', ')}, not ${policy}`);
    }
    this.#shrinkerPolicy = policy;
  }

  get maxPoolPercent(): number {
    return this.#maxPoolPercent;
  }

  /** Whole percent of RAM, 0..100; takes the place of {@link poolBytes}. 0 refuses every page. */
  set maxPoolPercent(percent: number) {
    checkPercent('max_pool_percent', percent);
    this.#maxPoolPercent = percent;
    this.#poolBytes = undefined;
  }

  /** The pool limit in bytes where it was given so; undefined: {@link maxPoolPercent} decides. */
  get poolBytes(): number | undefined {
    return this.#poolBytes;
  }

  set poolBytes(bytes: number | undefined) {
    if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes >= 0)) {
      throw new RangeError(`pool_size takes a number of bytes, not ${bytes}`);
    }
    this.#poolBytes = bytes;
  }

  get acceptThresholdPercent(): number {
    return this.#acceptThresholdPercent;
  }

  /** Whole percent of the limit, 0..100: once full, pages are accepted again at or below this. */
  set acceptThresholdPercent(percent: number) {
    checkPercent('accept_threshold_percent', percent);
    this.#acceptThresholdPercent = percent;
  }

  /** The limit of all pools together, in pages, rounded down. */
  maxPages(): number {
    if (this.#poolBytes !== undefined) return Math.floor(this.#poolBytes / PAGE_SIZE);
    return Math.floor((this.#totalRamPages * this.#maxPoolPercent) / 100);
  }

  /** At or below this many pages a full pool accepts again. */
  acceptThresholdPages(): number {
    return Math.floor((this.maxPages() * this.#acceptThresholdPercent) / 100);
  }
}

function checkPercent(name: string, percent: number): void {
  if (!Number.isInteger(percent) || percent < 0 || percent > 100) {
    throw new RangeError(`${name} takes a whole number from 0 to 100, not ${percent}`);
  }
}
