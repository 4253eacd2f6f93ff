/**
 * The recording of a daemon: what its bytes mean. `docs/trace-format.md` tells it in prose; writer
 * and reader take every number from here.
 */

/** The first eight bytes. */
export const MAGIC = 'zswapdtr';
export const FORMAT_VERSION = 1;
/** Magic, version (u16), reserved (u16), bytes of the facts (u32). */
export const HEADER_BYTES = 16;
/** More is no header. */
export const FACTS_BYTES_MAX: number = 1 << 20;

/** First bytes of records. */
export const TAG_EXPORT = 0x01;
export const TAG_LOST = 0x02;
export const TAG_END = 0x03;
export const TAG_READ = 0x10;
export const TAG_WRITE = 0x11;
export const TAG_TRIM = 0x12;
export const TAG_ZERO = 0x13;

/** A written page whose compressed size nobody knows: it went to the device. */
export const SIZE_UNKNOWN = 0xffff;

/** Longest name of an export, in bytes. */
export const NAME_BYTES_MAX = 4096;

/** Bytes of the longest varint: 53 bits in sevens. */
export const VARINT_BYTES_MAX = 8;

/** What the facts at the beginning say, as JSON. */
export interface RecordedFacts {
  readonly version: string;
  /** When recording began, for people: ISO 8601. */
  readonly start: string;
  /** As in `/api/stats`, and `spill_size`: bytes of the spill device, 0 without one. */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}
