/**
 * One cache over one region: the verbs. A fingerprint of 64 bits says which entry a key has; the
 * stored key is compared whenever a value is read, so a value is never another key's. Setting and
 * deleting go by the fingerprint alone, so they never read a page: should two keys ever share one,
 * each takes the other's place, which a cache may do.
 *
 * Which entries there are is the keydir's. What is done across a wait (reading from disk, writing a
 * large value) holds no entry: segments that are read are pinned, and what is written is linked at
 * the end, in one section.
 */
import { ZswapError } from '../std/error.ts';
import type { Rt } from '../rt/rt.ts';
import { Keydir } from './keydir.ts';
import type { EntryTable } from './lookup/entries.ts';
import { halfSipHash } from './lookup/hash.ts';
import { KEY_BYTES_MAX, KeyScratch, type CacheKey, type EncodedKey } from './lookup/key.ts';
import { writeLarge, writeLargeSync } from './space/large.ts';
import {
  hasKey,
  HEADER_BYTES,
  largeSegments,
  Log,
  PACKED_BYTES_MAX,
  segmentOf,
} from './space/log.ts';
import type { CacheMemory, WriteResult } from './space/memory.ts';
import { Reclaim, RESERVE_SEGMENTS } from './space/reclaim.ts';
import {
  largestEntry,
  type GetResult,
  type SetResult,
  type StoreCounters,
  type StoreOptions,
} from './store-options.ts';
import { Segments } from './space/segments.ts';
import { lacksRoom, readValueSync } from './read.ts';

/** Attempts of a set that keeps having to wait before it gives up. */
const SET_ATTEMPTS_MAX = 100;
/** Entries that a clearing call looks at before others get their turn. */
const CLEAR_SLICE = 1024;

/** A cache without groups. */
/** Times that a record is read for which there is no room; together a tenth of a second. */
const READS_MAX = 14;

export class Store {
  readonly counters: StoreCounters = {
    hits: 0,
    misses: 0,
    sets: 0,
    refused: 0,
    evicted: 0,
    expired: 0,
    collisions: 0,
    lost: 0,
  };
  readonly memory: CacheMemory;
  readonly segments: Segments;
  readonly log: Log;
  readonly reclaim: Reclaim;
  readonly #rt: Rt;
  readonly #keydir: Keydir;
  readonly #key: KeyScratch;
  readonly #ttl: number;
  readonly #maxEntryBytes: number;
  #maxBytes: number;
  #isClosed = false;

  constructor(options: StoreOptions) {
    const { memory, rt } = options;
    this.memory = memory;
    this.#rt = rt;
    this.#maxBytes = options.maxBytes;
    this.#ttl = options.ttl ?? 0;
    this.#key = new KeyScratch(options.hash ?? halfSipHash(rt.randomU32(), rt.randomU32()));
    this.segments = new Segments(memory);
    this.log = new Log(memory, this.segments);
    this.#keydir = new Keydir(this.segments, this.log, this.counters, options);
    this.#maxEntryBytes = largestEntry(options, this.segments.limit - RESERVE_SEGMENTS - 1);
    this.reclaim = new Reclaim({
      memory,
      rt,
      entries: this.entries,
      segments: this.segments,
      log: this.log,
      evictOldest: () => this.#keydir.evictOldest(),
      pageBytesMax: (growth) => this.#maxBytes - this.metadataBytes - growth,
    });
    memory.limitRam(this.#maxBytes - this.metadataBytes);
  }

  get entries(): EntryTable {
    return this.#keydir.entries;
  }

  get size(): number {
    return this.entries.length;
  }

  /** Bytes of keys and values, uncompressed. */
  get payloadBytes(): number {
    return this.#keydir.payloadBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Index, segment table and buffers. */
  get metadataBytes(): number {
    return (
      this.#keydir.metadataBytes +
      this.segments.metadataBytes +
      this.log.metadataBytes +
      KEY_BYTES_MAX
    );
  }

  /** Changes the limit; resolves when the cache keeps to it. */
  async setMaxBytes(maxBytes: number): Promise<void> {
    this.#maxBytes = maxBytes;
    for (let attempt = 0; attempt < SET_ATTEMPTS_MAX; attempt += 1) {
      const result = this.reclaim.shrink(attempt > 0);
      if (result !== 'would-wait') return;
      await this.#unblock(0);
      await this.#rt.yieldNow();
    }
  }

  /** Says whether there is an entry, by its fingerprint. */
  has(key: CacheKey): boolean {
    this.#assertOpen();
    this.#key.set(key);
    const index = this.#keydir.find(this.#key);
    return index !== 0 && !this.#keydir.isExpired(index);
  }

  /** @param touch - whether the entry counts as used by this */
  getSync(key: CacheKey, touch: boolean): GetResult {
    const index = this.#find(key, touch);
    if (index === 0) return this.#miss();
    let result: GetResult | 'collision';
    try {
      result = readValueSync(this, index, this.#key);
    } catch (error) {
      if (lacksRoom(error)) return 'would-wait';
      this.#keydir.drop(index, 'lost');
      return this.#miss();
    }
    if (result === 'would-wait') return result;
    if (result === 'collision') return this.#collision();
    if (touch) this.#keydir.touch(index);
    this.counters.hits += 1;
    return result;
  }

  async get(
    key: CacheKey,
    touch: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted();
    const quick = this.getSync(key, touch);
    if (quick !== 'would-wait') return quick;
    const index = this.#find(key, touch);
    const location = this.entries.location(index);
    const wanted = this.#key.copy();
    const head = new Uint8Array(HEADER_BYTES + wanted.length);
    const valueLength = this.entries.bytes(index) - head.length;
    if (valueLength < 0) return this.#collision();
    const value = new Uint8Array(valueLength);
    const segment = segmentOf(location);
    this.segments.pin(segment);
    try {
      await this.#readWithRoom(location, head, value, signal);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      if (!lacksRoom(error)) this.lose(index, location);
      return this.#miss();
    } finally {
      this.segments.unpin(segment);
    }
    if (!hasKey(head, wanted)) return this.#collision();
    // Woke up: the entry may have moved, be gone, or be another's. Its bytes were pinned.
    const now = this.#keydir.find(wanted);
    if (now !== 0 && touch) this.#keydir.touch(now);
    this.counters.hits += 1;
    return value;
  }

  /** @param ttl - milliseconds; undefined: the store's; 0: for ever */
  setSync(key: CacheKey, value: Uint8Array, ttl: number | undefined): SetResult {
    return this.#trySet(key, value, ttl, false);
  }

  #trySet(
    key: CacheKey,
    value: Uint8Array,
    ttl: number | undefined,
    hasSettled: boolean,
  ): SetResult {
    const expiry = this.#begin(key, value, ttl);
    const bytes = HEADER_BYTES + this.#key.length + value.length;
    if (bytes - HEADER_BYTES > this.#maxEntryBytes) return this.#refuse();
    const room = this.#makeRoom(bytes, expiry !== 0, hasSettled);
    if (room === 'would-wait') return room;
    if (room === 'no-room') return this.#refuse();
    const index = this.#keydir.entryFor(this.#key);
    let location: number;
    if (bytes <= PACKED_BYTES_MAX) {
      this.log.open();
      location = this.log.append(index, this.#key, value);
    } else {
      const written = writeLargeSync(this, index, this.#key, value);
      if (typeof written === 'string') {
        this.#keydir.abandon(index);
        return written === 'would-wait' ? written : this.#refuse();
      }
      location = written;
    }
    this.#link(this.#key, index, location, bytes, expiry);
    return 'stored';
  }

  /** Sets with waiting; the value must not change until then. False if it was refused. */
  async set(
    key: CacheKey,
    value: Uint8Array,
    ttl: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < SET_ATTEMPTS_MAX; attempt += 1) {
      signal?.throwIfAborted();
      const result = this.#trySet(key, value, ttl, attempt > 0);
      if (result !== 'would-wait') return result === 'stored';
      const bytes = HEADER_BYTES + this.#key.length + value.length;
      await this.#unblock(Math.min(bytes, PACKED_BYTES_MAX));
      // At once: a large value that was written in part has left discards behind that take time.
      if (bytes > PACKED_BYTES_MAX && (await this.#setLarge(key, value, ttl))) return true;
      // What is in the way may be another's: let it go on.
      if (attempt > 0) await this.#rt.yieldNow();
    }
    this.#key.set(key);
    this.#refuse();
    return false;
  }

  /** Writes a large value piece by piece, waiting for each; false if there is no room now. */
  async #setLarge(key: CacheKey, value: Uint8Array, ttl: number | undefined): Promise<boolean> {
    const expiry = this.#begin(key, value, ttl);
    const wanted = this.#key.copy();
    const bytes = HEADER_BYTES + wanted.length + value.length;
    if (this.#makeRoom(bytes, expiry !== 0, true) !== 'done') return false;
    // An entry of its own, not its key's, which others may use or drop meanwhile.
    const index = this.entries.allocate();
    let written: number | WriteResult = 'no-room';
    try {
      written = await writeLarge(this, index, wanted, value);
    } finally {
      if (typeof written === 'string') this.#keydir.abandon(index);
    }
    if (typeof written === 'string') return false;
    this.#link(wanted, index, written, bytes, expiry);
    return true;
  }

  /** Deletes by fingerprint; true if there was an entry, be its time over or not. */
  delete(key: CacheKey): boolean {
    this.#assertOpen();
    this.#key.set(key);
    const index = this.#keydir.find(this.#key);
    if (index === 0) return false;
    this.#keydir.drop(index, 'delete');
    this.reclaim.noteDead();
    return true;
  }

  /** Drops everything at once, the least recently used first. */
  clearSync(): void {
    this.#assertOpen();
    this.#keydir.clear();
  }

  /** Drops what is there now, in slices; an entry that is set meanwhile may go too. */
  async clear(): Promise<void> {
    this.#assertOpen();
    const end = this.entries.end;
    for (let index = 1; index < end; index += 1) {
      if (index % CLEAR_SLICE === 0) await this.#rt.yieldNow();
      if (this.entries.isLive(index)) this.#keydir.drop(index, 'clear');
    }
    this.entries.trim();
  }

  /** Gives the region back. Nothing may be called any more. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.reclaim.close();
    await this.memory.close();
  }

  /** The next entry from `index` on that is there and good; 0 at the end. */
  nextLive(index: number): number {
    return this.#keydir.nextLive(index);
  }

  /** Drops an entry whose page could not be read, unless it has moved since. */
  lose(index: number, location: number): void {
    this.#keydir.lose(index, location);
  }

  /** Checks what a set is given, and the moment at which its entry's time is over. */
  #begin(key: CacheKey, value: Uint8Array, ttl: number | undefined): number {
    this.#assertOpen();
    if (!(value instanceof Uint8Array)) throw new TypeError('a value is a Uint8Array');
    const ms = ttl ?? this.#ttl;
    if (!(ms >= 0)) throw new RangeError('ttl is a number of milliseconds from 0');
    this.#keydir.scanExpired();
    this.#key.set(key);
    return ms > 0 && Number.isFinite(ms) ? this.#rt.nowMs() + ms : 0;
  }

  #makeRoom(bytes: number, expires: boolean, hasSettled: boolean): WriteResult {
    const isPacked = bytes <= PACKED_BYTES_MAX;
    // An entry that is set anew is the last to go for its own sake.
    const index = this.#keydir.find(this.#key);
    if (index !== 0) this.#keydir.touch(index);
    return this.reclaim.makeRoom({
      packedBytes: isPacked ? bytes : 0,
      segments: isPacked ? 0 : largeSegments(bytes),
      growth: this.#keydir.growthBytes(this.#key, expires),
      hasSettled,
    });
  }

  #link(key: EncodedKey, index: number, location: number, bytes: number, expiry: number): void {
    const replaced = this.#keydir.link(key, index, location, bytes, expiry);
    if (replaced) this.reclaim.noteDead();
  }

  #refuse(): 'refused' {
    const index = this.#keydir.find(this.#key);
    // An older value must not outlive the set that was to replace it.
    if (index !== 0) this.#keydir.drop(index, 'replace');
    this.counters.refused += 1;
    return 'refused';
  }

  #find(key: CacheKey, touch: boolean): number {
    this.#assertOpen();
    this.#key.set(key);
    const index = this.#keydir.find(this.#key);
    if (index === 0 || !this.#keydir.isExpired(index)) return index;
    // A look changes nothing, not even that.
    if (touch) this.#keydir.drop(index, 'expire');
    return 0;
  }

  #miss(): undefined {
    this.counters.misses += 1;
    return undefined;
  }

  #collision(): undefined {
    this.counters.collisions += 1;
    return this.#miss();
  }

  #assertOpen(): void {
    if (this.#keydir.isTelling) throw new TypeError('a drop listener may not use its cache');
    if (this.#isClosed) throw new ZswapError('ZSWAP_CLOSED', 'the cache is closed');
  }

  /**
   * Reads a record. Where no page frame can be had for it at the moment, because the device is full
   * too and what makes room is under way, nothing is lost: it is read again when that has ended.
   */
  async #readWithRoom(
    location: number,
    head: Uint8Array,
    value: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.log.readPart(location, 0, head, signal);
        await this.log.readPart(location, head.length, value, signal);
        return;
      } catch (error) {
        if (!lacksRoom(error) || tries === READS_MAX) throw error;
        await this.#rt.sleep(tries);
        await this.memory.settle();
      }
    }
  }

  /** Waits for whatever a set may have to wait for. */
  async #unblock(packedBytes: number): Promise<void> {
    await this.segments.drain();
    await this.memory.settle();
    if (!this.log.fits(packedBytes)) await this.log.flush();
  }
}
