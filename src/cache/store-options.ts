/** What a {@link Store} is made of, what its verbs say, and what it counts. */
import type { Rt } from '../rt/rt.ts';
import type { DropListener } from './drop.ts';
import type { Hash64 } from './lookup/hash.ts';
import { HEADER_BYTES } from './space/log.ts';
import type { CacheMemory } from './space/memory.ts';
import { SEGMENT_BYTES } from './space/segments.ts';

/** A value's length at most. */
export const VALUE_BYTES_MAX: number = 2 ** 30;

/** What came of a set: `refused` if it cannot be stored; then the key has no entry. */
export type SetResult = 'stored' | 'refused' | 'would-wait';
/** A value, undefined for none, or `would-wait` if a page of it is on disk. */
export type GetResult = Uint8Array | undefined | 'would-wait';

/** What a store is made of and made for. */
export interface StoreOptions {
  readonly memory: CacheMemory;
  readonly rt: Rt;
  /** RAM for everything, in bytes. */
  readonly maxBytes: number;
  /** Milliseconds that an entry is good for if its set does not say; 0: for ever. */
  readonly ttl?: number | undefined;
  /** Entries at most. */
  readonly maxEntries?: number | undefined;
  /** Bytes of keys and values at most, uncompressed. */
  readonly maxSize?: number | undefined;
  /** Bytes of one key and its value at most. */
  readonly maxEntryBytes?: number | undefined;
  readonly onDrop?: DropListener | undefined;
  /** Entries that each set looks at, in turn, for one whose time is over. */
  readonly expiryScan?: number | undefined;
  /** For tests: fingerprints that collide. */
  readonly hash?: Hash64 | undefined;
}

/** Counters since the start. */
export interface StoreCounters {
  hits: number;
  misses: number;
  sets: number;
  refused: number;
  evicted: number;
  expired: number;
  /** Reads that found another key with the same fingerprint. */
  collisions: number;
  /** Entries whose pages could not be read any more. */
  lost: number;
}

/** Bytes of one key and its value at most, where so many segments can be its own. */
export function largestEntry(options: StoreOptions, segments: number): number {
  const share = options.memory.spills ? options.memory.bytes : options.maxBytes;
  return Math.min(
    options.maxEntryBytes ?? share / 4,
    segments * SEGMENT_BYTES - HEADER_BYTES,
    options.maxSize ?? Number.POSITIVE_INFINITY,
    VALUE_BYTES_MAX,
  );
}
