/**
 * What a cache tells of an entry that leaves it. The listener gets an object that reads the entry
 * when it is asked to, and only while the listener runs: an entry that nobody asks about leaves
 * without a look at its page.
 */
import { decodeKey, type CacheKey } from './lookup/key.ts';
import { HEADER_BYTES, recordHead, type Log } from './space/log.ts';

/**
 * Why an entry left: it was the least recently used when room was needed; its time was over; it was
 * deleted; it was set anew (or was too large when it was); the cache was cleared; or the page it
 * was on could not be read any more.
 */
export type DropReason = 'evict' | 'expire' | 'delete' | 'replace' | 'clear' | 'lost';

export interface DroppedEntry {
  readonly reason: DropReason;
  /** The key; undefined if its page is on disk. */
  readKey(): CacheKey | undefined;
  /** A copy of the value; undefined if one of its pages is on disk. */
  readValue(): Uint8Array | undefined;
}

/**
 * Called for each entry that leaves, within the call that makes it leave. It must not call the
 * cache.
 */
export type DropListener = (dropped: DroppedEntry) => void;

/** A {@link DroppedEntry} over the record that is about to be released. */
export class DroppedRecord implements DroppedEntry {
  readonly reason: DropReason;
  readonly #log: Log;
  readonly #location: number;
  readonly #bytes: number;
  #isOver = false;

  constructor(log: Log, location: number, bytes: number, reason: DropReason) {
    this.#log = log;
    this.#location = location;
    this.#bytes = bytes;
    this.reason = reason;
  }

  readKey(): CacheKey | undefined {
    const head = this.#read(0, HEADER_BYTES);
    if (head === undefined) return undefined;
    const { keyLength, keyKind } = recordHead(head, 0);
    const key = this.#read(HEADER_BYTES, keyLength);
    return key === undefined ? undefined : decodeKey(key, keyKind);
  }

  readValue(): Uint8Array | undefined {
    const head = this.#read(0, HEADER_BYTES);
    if (head === undefined) return undefined;
    const skip = HEADER_BYTES + recordHead(head, 0).keyLength;
    return this.#read(skip, this.#bytes - skip);
  }

  /** The record is released: nothing can be read any more. */
  end(): void {
    this.#isOver = true;
  }

  #read(skip: number, length: number): Uint8Array | undefined {
    if (this.#isOver) throw new TypeError('a dropped entry can be read only by its listener');
    const target = new Uint8Array(length);
    try {
      return this.#log.readPartSync(this.#location, skip, target) ? target : undefined;
    } catch {
      // The page is lost; for the listener that is as if it were out of reach.
      return undefined;
    }
  }
}
