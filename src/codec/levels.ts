/**
 * Which compression levels a codec takes. The codecs refuse a level outside their range, and the
 * registry names the range in its errors without loading the codec.
 */

/**
 * A closed range of levels. Zero, which libraries take for "the default", is never a level here.
 */
export interface LevelRange {
  readonly min: number;
  readonly max: number;
  /** The level meant when none is given: the one the kernel uses. */
  readonly default: number;
}

/**
 * Levels of zstd, without 0. Negative ones trade size for speed; below -7 the output of a page
 * hardly changes any more. The kernel's crypto driver uses 3 (`crypto/zstd.c`).
 */
export const ZSTD_LEVELS: LevelRange = { min: -7, max: 19, default: 3 };

/** Levels of deflate. The kernel's crypto driver uses zlib's default (`crypto/deflate.c`). */
export const DEFLATE_LEVELS: LevelRange = { min: 1, max: 9, default: 6 };

/** Whether `level` is one of the range: an integer within it, and not 0. */
export function isLevel(range: LevelRange, level: number): boolean {
  return Number.isInteger(level) && level !== 0 && level >= range.min && level <= range.max;
}

/** The range in words, as `1 to 9` or `-7 to -1 and 1 to 19`. */
export function levelRangeText(range: LevelRange): string {
  if (range.min > 0) return `${range.min} to ${range.max}`;
  return `${range.min} to -1 and 1 to ${range.max}`;
}
