/**
 * CRC-32, for the header of a backing swap device. The one place that knows where the function
 * comes from.
 */
import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 (polynomial of IEEE 802.3, as in zlib and PNG) of `bytes`, an unsigned 32-bit integer. */
export function crc32(bytes: Uint8Array): number {
  return zlibCrc32(bytes);
}
