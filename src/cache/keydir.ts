/**
 * The keydir: which keys have an entry, where its record is, in which order entries were used and
 * when their time is over. An entry is on its hash chain and on the LRU from when its record is
 * complete until it is dropped; dropping it tells the listener, while the record can be read.
 *
 * Keys are known by their fingerprints only: whoever reads a value compares the key.
 *
 * @see Sheehy and Smith, Bitcask: a log-structured hash table for fast key/value data, 2010
 */
import type { Rt } from '../rt/rt.ts';
import { LinkedList } from '../std/list.ts';
import { DroppedRecord, type DropListener, type DropReason } from './drop.ts';
import { Buckets } from './lookup/buckets.ts';
import { EntryTable } from './lookup/entries.ts';
import type { EncodedKey } from './lookup/key.ts';
import { alignedBytes, HEADER_BYTES, PACKED_BYTES_MAX, segmentOf, type Log } from './space/log.ts';
import type { Segments } from './space/segments.ts';
import type { StoreCounters, StoreOptions } from './store-options.ts';

/** Entries by their keys. */
export class Keydir {
  readonly entries: EntryTable = new EntryTable();
  /** The drop listener is being called. */
  isTelling = false;
  readonly #rt: Rt;
  readonly #segments: Segments;
  readonly #log: Log;
  readonly #counters: StoreCounters;
  readonly #buckets = new Buckets(this.entries);
  readonly #lru = new LinkedList(this.entries);
  readonly #maxEntries: number;
  readonly #maxSize: number;
  readonly #onDrop: DropListener | undefined;
  readonly #expiryScan: number;
  #payloadBytes = 0;
  #expiryHand = 0;

  /** @param log - has the records, in `segments`, to which space is given back */
  constructor(segments: Segments, log: Log, counters: StoreCounters, options: StoreOptions) {
    this.#rt = options.rt;
    this.#segments = segments;
    this.#log = log;
    this.#counters = counters;
    this.#maxEntries = options.maxEntries ?? Number.POSITIVE_INFINITY;
    this.#maxSize = options.maxSize ?? Number.POSITIVE_INFINITY;
    this.#onDrop = options.onDrop;
    this.#expiryScan = options.expiryScan ?? 2;
  }

  /** Bytes of keys and values, uncompressed. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  get metadataBytes(): number {
    return this.entries.metadataBytes + this.#buckets.metadataBytes;
  }

  /** The entry that a key has, by its fingerprint, be its time over or not; 0: none. */
  find(key: EncodedKey): number {
    return this.#buckets.find(key.low, key.high);
  }

  /** Drops everything, the least recently used first. */
  clear(): void {
    while (this.#lru.head !== 0) this.drop(this.#lru.head, 'clear');
    this.entries.trim();
  }

  /** The next entry from `index` on that is there and good; 0 at the end. */
  nextLive(index: number): number {
    for (let at = Math.max(index, 1); at < this.entries.end; at += 1) {
      if (this.entries.isLive(at) && !this.isExpired(at)) return at;
    }
    return 0;
  }

  /** Drops an entry whose page could not be read, unless it has moved since. */
  lose(index: number, location: number): void {
    const isSame = this.entries.isLive(index) && this.entries.location(index) === location;
    if (isSame) this.drop(index, 'lost');
  }

  /** Bytes by which setting a key makes the metadata grow. */
  growthBytes(key: EncodedKey, expires: boolean): number {
    const index = this.find(key);
    if (index === 0) return this.entries.growthBytes(expires) + this.#buckets.growthBytes();
    return expires ? this.entries.expiryGrowthBytes(index) : 0;
  }

  /** Links a complete record, in place of the entry that its key has; true if it has one. */
  link(key: EncodedKey, index: number, location: number, bytes: number, expiry: number): boolean {
    const existing = this.find(key);
    if (existing !== 0) {
      if (existing === index) {
        this.#tell(index, 'replace');
        this.#releaseRecord(index);
      } else this.drop(existing, 'replace');
    }
    this.entries.setRecord(index, location, bytes);
    this.entries.setExpiry(index, expiry);
    if (existing !== index) {
      this.entries.setHash(index, key.low, key.high);
      this.#buckets.insert(index);
      this.#lru.pushTail(index);
    } else this.touch(index);
    this.#payloadBytes += bytes - HEADER_BYTES;
    this.#counters.sets += 1;
    while (this.entries.length > this.#maxEntries) this.evictOldest();
    while (this.#payloadBytes > this.#maxSize) this.evictOldest();
    return existing !== 0;
  }

  /** The entry that a record will belong to: its key's, or a new one. */
  entryFor(key: EncodedKey): number {
    return this.find(key) || this.entries.allocate();
  }

  /** Takes the entry back that was to get a record and got none. */
  abandon(index: number): void {
    if (!this.entries.isLive(index)) this.entries.free(index);
  }

  /** Makes an entry the most recently used. */
  touch(index: number): void {
    if (this.entries.next(index) !== 0) this.#lru.rotate(index);
  }

  /** Says whether an entry's time is over. */
  isExpired(index: number): boolean {
    const expiry = this.entries.expiry(index);
    return expiry !== 0 && this.#rt.nowMs() > expiry;
  }

  /** Looks at the next few entries for those whose time is over, and drops them. */
  scanExpired(): void {
    for (let i = 0; i < this.#expiryScan; i += 1) {
      this.#expiryHand += 1;
      if (this.#expiryHand >= this.entries.end) this.#expiryHand = 1;
      const index = this.#expiryHand;
      if (this.entries.isLive(index) && this.isExpired(index)) this.drop(index, 'expire');
    }
  }

  /** Lets the least recently used entry go; false if there is none. */
  evictOldest(): boolean {
    const index = this.#lru.head;
    if (index === 0) return false;
    this.drop(index, this.isExpired(index) && this.#expiryScan > 0 ? 'expire' : 'evict');
    return true;
  }

  /** Drops an entry, tells the listener of it, and gives its space back. */
  drop(index: number, reason: DropReason): void {
    this.#buckets.remove(index);
    this.#lru.remove(index);
    try {
      this.#tell(index, reason);
    } finally {
      // Also when the listener throws: then so does the call, but nothing is left behind.
      this.#releaseRecord(index);
      this.entries.free(index);
    }
    if (reason === 'evict') this.#counters.evicted += 1;
    else if (reason === 'expire') this.#counters.expired += 1;
    else if (reason === 'lost') this.#counters.lost += 1;
  }

  /** Gives the space of an entry's record back. */
  #releaseRecord(index: number): void {
    const bytes = this.entries.bytes(index);
    const segment = segmentOf(this.entries.location(index));
    this.#payloadBytes -= bytes - HEADER_BYTES;
    if (bytes > PACKED_BYTES_MAX) this.#segments.freeLarge(segment);
    else this.#segments.subtractLive(segment, alignedBytes(bytes));
  }

  #tell(index: number, reason: DropReason): void {
    if (this.#onDrop === undefined) return;
    const dropped = new DroppedRecord(
      this.#log,
      this.entries.location(index),
      this.entries.bytes(index),
      reason,
    );
    this.isTelling = true;
    try {
      this.#onDrop(dropped);
    } finally {
      this.isTelling = false;
      dropped.end();
    }
  }
}
