/**
 * The `null` codec: it finds every page incompressible. zswap then keeps pages as they are, so a
 * pool with it shows what the rest of the path costs, and how much the other codecs save.
 */
import { assert } from '../std/assert.ts';
import { PrefixViews } from '../std/prefix-views.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { CODEC_WINDOW_BYTES, INCOMPRESSIBLE } from './codec.ts';
import type { Codec, CodecLane } from './codec.ts';

/** The `null` codec; it has no levels. */
export function createNull(): Codec {
  return { name: 'null', spec: 'null', createLane: () => new NullLane() };
}

class NullLane implements CodecLane {
  readonly window: PrefixViews = new PrefixViews(new Uint8Array(CODEC_WINDOW_BYTES));

  compress(page: Uint8Array): number {
    assert(page.length === PAGE_SIZE);
    return INCOMPRESSIBLE;
  }

  /** Always false: no stream is ever this codec's. */
  decompress(length: number): boolean {
    assert(length >= 1 && length < PAGE_SIZE);
    return false;
  }
}
