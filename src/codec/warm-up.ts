/**
 * Warm-up: what a compressor is run on before it is given pages that count. WebAssembly and
 * JavaScript begin in a tier that is several times slower, and are compiled anew once they have run
 * for a while; that belongs into the opening of a compressor, not into its first pages.
 *
 * A daemon opens one at its start, but also while it serves, when another compressor is chosen. So
 * it runs in slices like all long work, and stops at a bound on its time.
 */
import type { Rt } from '../rt/rt.ts';
import { Slice } from '../rt/slice.ts';
import { assert } from '../std/assert.ts';
import { Prng } from '../std/prng.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Codec, CodecLane } from './codec.ts';
import { openCodec } from './registry.ts';

/** Pages after which the fast compressors' kernels have reached their last tier. */
export const WARM_UP_PAGES = 400;
/** Milliseconds of its own work after which a slow compressor must be warm enough. */
export const WARM_UP_MS = 40;
/** Different pages that are made for it. */
const KINDS = 8;

/** As {@link openCodec}, with the compressor warm. */
export async function openWarmCodec(spec: string, rt: Rt): Promise<Codec> {
  const codec = await openCodec(spec);
  await warmUp(codec, rt);
  return codec;
}

/** Runs pages through a lane of the codec, which is dropped: what gets warm is its code. */
export function warmUp(codec: Codec, rt: Rt): Promise<void> {
  return new Promise((resolve, reject) => {
    new WarmUp(codec, rt, resolve, reject).resume();
  });
}

class WarmUp {
  readonly #lane: CodecLane;
  readonly #slice: Slice;
  readonly #rt: Rt;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  readonly #pages: readonly Uint8Array[] = samplePages();
  readonly #target = new Uint8Array(PAGE_SIZE);
  #done = 0;
  #spentMs = 0;

  constructor(codec: Codec, rt: Rt, resolve: () => void, reject: (error: unknown) => void) {
    this.#lane = codec.createLane();
    this.#slice = new Slice(rt);
    this.#rt = rt;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resume(): void {
    try {
      this.#run();
    } catch (error) {
      this.#reject(error);
    }
  }

  #run(): void {
    const begunMs = this.#rt.nowMs();
    this.#slice.begin();
    while (this.#done < WARM_UP_PAGES) {
      const spentMs = this.#spentMs + this.#rt.nowMs() - begunMs;
      if (spentMs >= WARM_UP_MS) break;
      if (this.#slice.isOver(this)) {
        this.#spentMs = spentMs;
        return;
      }
      this.#runPage();
    }
    this.#resolve();
  }

  #runPage(): void {
    const page = this.#pages[this.#done % KINDS];
    assert(page !== undefined);
    const length = this.#lane.compress(page);
    if (length > 0) assert(this.#lane.decompress(length, this.#target, 0));
    this.#done += 1;
  }
}

/** Pages with what memory has: words of a few kinds, runs of zeros, and some that are noise. */
function samplePages(): readonly Uint8Array[] {
  const prng = new Prng(1);
  return Array.from({ length: KINDS }, (_, kind) => {
    const words = new Uint32Array(PAGE_SIZE / 4);
    for (let i = 0; i < words.length; i += 1) {
      if (prng.chance(kind, KINDS)) words[i] = prng.u32();
      else if (prng.chance(1, 2)) words[i] = words[Math.max(0, i - 1 - prng.below(64))] ?? 0;
      else words[i] = 0x7f00_0000 + 16 * prng.below(64);
    }
    words.fill(0, 64 * kind, 64 * kind + 32);
    return new Uint8Array(words.buffer);
  });
}
