/**
 * The `deflate` codec: raw deflate streams (RFC 1951) from `node:zlib`, with the parameters of the
 * kernel's crypto driver.
 *
 * The one codec that breaks the rule against allocation: Node's synchronous calls build a zlib
 * context and an output buffer each time, and nothing in the public interface keeps them. It is
 * here for comparison with a kernel that uses deflate and for cold data, not for a hot path. The
 * size of the output buffer is given, which keeps it to one of about a page.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { assert } from '../std/assert.ts';
import { PrefixViews } from '../std/prefix-views.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { CODEC_WINDOW_BYTES, INCOMPRESSIBLE } from './codec.ts';
import type { Codec, CodecLane } from './codec.ts';
import { DEFLATE_LEVELS, isLevel, levelRangeText } from './levels.ts';

/** History of 2 KiB (kernel `DEFLATE_DEF_WINBITS`, `crypto/deflate.c`). */
const WINDOW_BITS = 11;
/** Kernel `DEFLATE_DEF_MEMLEVEL`. */
const MEMORY_LEVEL = 8;

/** Codes of what a bad stream can make zlib or its bound on the output say. */
const MALFORMED: ReadonlySet<unknown> = new Set([
  'Z_DATA_ERROR',
  'Z_BUF_ERROR',
  'Z_NEED_DICT',
  'ERR_BUFFER_TOO_LARGE',
]);

/**
 * The `deflate` codec at one level.
 *
 * @param level 1..9; RangeError otherwise. Without it 6, as in the kernel.
 */
export function createDeflate(level: number = DEFLATE_LEVELS.default): Codec {
  if (!isLevel(DEFLATE_LEVELS, level)) {
    throw new RangeError(`deflate levels are ${levelRangeText(DEFLATE_LEVELS)}, not ${level}`);
  }
  return {
    name: 'deflate',
    spec: level === DEFLATE_LEVELS.default ? 'deflate' : `deflate:${level}`,
    createLane: () => new DeflateLane(level),
  };
}

class DeflateLane implements CodecLane {
  readonly window: PrefixViews = new PrefixViews(new Uint8Array(CODEC_WINDOW_BYTES));
  readonly #deflateOptions: Parameters<typeof deflateRawSync>[1];
  readonly #inflateOptions: Parameters<typeof inflateRawSync>[1];

  constructor(level: number) {
    this.#deflateOptions = {
      level,
      windowBits: WINDOW_BITS,
      memLevel: MEMORY_LEVEL,
      chunkSize: CODEC_WINDOW_BYTES,
    };
    this.#inflateOptions = {
      windowBits: WINDOW_BITS,
      chunkSize: PAGE_SIZE,
      maxOutputLength: PAGE_SIZE,
    };
  }

  compress(page: Uint8Array): number {
    assert(page.length === PAGE_SIZE);
    const stream = deflateRawSync(page, this.#deflateOptions);
    if (stream.length >= PAGE_SIZE) return INCOMPRESSIBLE;
    this.window.bytes.set(stream);
    return stream.length;
  }

  decompress(length: number, target: Uint8Array, targetOffset: number): boolean {
    assert(length >= 1 && length < PAGE_SIZE);
    assert(targetOffset >= 0 && targetOffset + PAGE_SIZE <= target.length);
    const page = inflate(this.window.of(length), this.#inflateOptions);
    if (page?.length !== PAGE_SIZE) return false;
    target.set(page, targetOffset);
    return true;
  }
}

/** Undefined for a malformed stream; anything else that fails, such as memory, is not its fault. */
function inflate(
  stream: Uint8Array,
  options: Parameters<typeof inflateRawSync>[1],
): Uint8Array | undefined {
  try {
    return inflateRawSync(stream, options);
  } catch (error) {
    if (error instanceof Error && 'code' in error && MALFORMED.has(error.code)) return undefined;
    throw error;
  }
}
