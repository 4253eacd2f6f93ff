/** Sizes as people write them: text to bytes and back. */
import { GIB, KIB, MIB } from './units.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: KIB,
  KB: KIB,
  KIB: KIB,
  M: MIB,
  MB: MIB,
  MIB: MIB,
  G: GIB,
  GB: GIB,
  GIB: GIB,
  T: 1024 * GIB,
  TB: 1024 * GIB,
  TIB: 1024 * GIB,
};

/** What a size may look like, for messages. */
export const SIZE_FORM = 'bytes, or 512K, 64M, 1G';

/**
 * Bytes from `1048576`, `512K`, `64M`, `1.5G` or `1GiB`; units are powers of two.
 *
 * @throws RangeError if it is no size, is not whole, or is above 2^53 - 1
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? '?').toUpperCase()];
  if (match === null || unit === undefined) {
    throw new RangeError(`'${text}' is not a size; it takes ${SIZE_FORM}`);
  }
  const bytes = Number(match[1]) * unit;
  if (!Number.isSafeInteger(bytes)) {
    throw new RangeError(`'${text}' is not a whole number of bytes below 8P`);
  }
  return bytes;
}

/** Bytes in the largest unit that is exact: `64M`, `1G`, `1000`. Inverse of {@link parseSize}. */
export function formatSize(bytes: number): string {
  if (bytes > 0 && bytes % GIB === 0) return `${bytes / GIB}G`;
  if (bytes > 0 && bytes % MIB === 0) return `${bytes / MIB}M`;
  if (bytes > 0 && bytes % KIB === 0) return `${bytes / KIB}K`;
  return String(bytes);
}
