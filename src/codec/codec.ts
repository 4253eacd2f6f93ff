/**
 * The contract of a page compressor, as zswap and zram use them: one 4 KiB page in, fewer bytes
 * out.
 *
 * A codec is pure and synchronous. All its memory belongs to a lane, made once; a call allocates
 * nothing. A lane serves one caller at a time and is not re-entered.
 */
import type { PrefixViews } from '../std/prefix-views.ts';

/** Bytes a window must have: a page, the worst expansion of any codec, and slop for wide copies. */
export const CODEC_WINDOW_BYTES: number = 4096 + 512;

/** {@link CodecLane.compress}: the page does not fit in fewer than 4096 bytes. */
export const INCOMPRESSIBLE = 0;

/** {@link CodecLane.compress}: the compressor gave up on the page for a reason of its own. */
export const COMPRESS_FAILED = -1;

/** One working context of a codec. */
export interface CodecLane {
  /**
   * Compressed bytes start at the front of this window of {@link CODEC_WINDOW_BYTES} bytes: the
   * result of `compress`, the source of `decompress`. Contents are undefined after either call,
   * except the result of `compress`.
   */
  readonly window: PrefixViews;
  /**
   * Compresses a page of exactly 4096 bytes into the window. The source is not changed.
   *
   * @returns bytes produced, 1..4095, or {@link INCOMPRESSIBLE}, or {@link COMPRESS_FAILED}. Throws
   *   only on a broken invariant.
   */
  compress(page: Uint8Array): number;
  /**
   * Decompresses `length` bytes (1..4095) of the window and writes exactly 4096 bytes at
   * `target[targetOffset..]`. Never reads outside the window's first `length` bytes, never writes
   * elsewhere, whatever the bytes are.
   *
   * @returns true; false if the stream is malformed or does not give exactly 4096 bytes, and then
   *   the target is unchanged.
   */
  decompress(length: number, target: Uint8Array, targetOffset: number): boolean;
}

/** A compressor at one level. */
export interface Codec {
  /** Kernel name: `lz4`, `lzo`, `lzo-rle`, `zstd`, `deflate`; or `null`. */
  readonly name: string;
  /**
   * The name with its level, as `zstd:-1`; equal to `name` where it has no levels or the default.
   */
  readonly spec: string;
  createLane(): CodecLane;
}
