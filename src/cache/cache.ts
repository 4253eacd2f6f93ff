/**
 * The cache as programs use it: like a Map from keys to bytes, with a limit in bytes of RAM that
 * counts everything. A cache may have groups, which are caches themselves: each has a part of its
 * parent's bytes, pages of its own, and evicts only its own entries.
 */
import { SEGMENT_BYTES } from './space/segments.ts';
import type { DropListener } from './drop.ts';
import type { Hash64 } from './lookup/hash.ts';
import type { CacheKey } from './lookup/key.ts';
import type { CacheHost, CacheMemory } from './space/memory.ts';
import { Store } from './store.ts';
import type { GetResult, SetResult, StoreCounters } from './store-options.ts';
import { readRecord } from './read.ts';

/** The least that `maxBytes` may be: tables and buffers of an empty cache take a third of it. */
export const CACHE_BYTES_MIN: number = 512 * 1024;
/** Entries that an iterator looks at before others get their turn. */
const WALK_SLICE = 256;

/** Limits and habits of a cache or a group. */
export interface CacheLimits {
  /**
   * RAM for everything: page frames, compressed pages, index and buffers. At least
   * {@link CACHE_BYTES_MIN}.
   */
  readonly maxBytes: number;
  /** Entries at most; default: as many as the bytes hold. */
  readonly maxEntries?: number;
  /** Bytes of keys and values at most, uncompressed; default: no such limit. */
  readonly maxSize?: number;
  /** Bytes of one key and its value at most; a larger one is refused. Default: a quarter. */
  readonly maxEntryBytes?: number;
  /** Milliseconds that an entry is good for, if its `set` does not say. Default 0: for ever. */
  readonly ttl?: number;
  /** Called for each entry that leaves. */
  readonly onDrop?: DropListener;
}

/** What {@link openCacheOn} takes beside the limits. For tests and adapters. */
export interface CacheInternals {
  readonly expiryScan?: number;
  readonly hash?: Hash64;
}

export interface GetOptions {
  readonly signal?: AbortSignal;
}

export interface SetOptions {
  /** Milliseconds that the entry is good for; 0: for ever. */
  readonly ttl?: number;
  readonly signal?: AbortSignal;
}

/** RAM in bytes, with that of the groups; `total` never exceeds `limit`. */
export interface CacheMemoryUsage {
  readonly limit: number;
  readonly total: number;
  /** Page frames and compressed pages, with what is noted about them. */
  readonly pages: number;
  /** Index, tables and buffers. */
  readonly metadata: number;
}

/** Counters since the start, and the state now; without the groups'. */
export interface CacheStats extends Readonly<StoreCounters> {
  readonly entries: number;
  /** Bytes of keys and values, uncompressed. */
  readonly payloadBytes: number;
  /** Bytes of segments that hold something, uncompressed. */
  readonly segmentBytes: number;
  /** Bytes in them that belong to no entry any more. */
  readonly deadBytes: number;
  readonly cleanedSegments: number;
  /** Segments that a failed discard took out of use. */
  readonly lostSegments: number;
}

export class Cache {
  readonly #host: CacheHost;
  readonly #parent: Cache | undefined;
  readonly #name: string;
  readonly #store: Store;
  readonly #groups = new Map<string, Cache>();
  #closing: Promise<void> | undefined;

  /** Not for programs: they call `openCache` and {@link group}. */
  constructor(
    host: CacheHost,
    memory: CacheMemory,
    options: CacheLimits & CacheInternals,
    parent: { readonly cache: Cache; readonly name: string } | undefined,
  ) {
    this.#host = host;
    this.#parent = parent?.cache;
    this.#name = parent?.name ?? '';
    this.#store = new Store({ ...options, memory, rt: host.rt });
  }

  /** Entries; one whose time is over counts until it is found. */
  get size(): number {
    return this.#store.size;
  }

  /** A copy of the value, undefined if there is none. The entry becomes the most recently used. */
  get(key: CacheKey, options: GetOptions = {}): Promise<Uint8Array | undefined> {
    return this.#store.get(key, true, options.signal);
  }

  /** The same at once; `would-wait` if a page of the value is on disk, then call {@link get}. */
  getSync(key: CacheKey): GetResult {
    return this.#store.getSync(key, true);
  }

  /** Like {@link get}, without making the entry the most recently used. */
  peek(key: CacheKey, options: GetOptions = {}): Promise<Uint8Array | undefined> {
    return this.#store.get(key, false, options.signal);
  }

  peekSync(key: CacheKey): GetResult {
    return this.#store.getSync(key, false);
  }

  /**
   * Stores a copy of the value. False if it does not fit: larger than one entry may be, or nothing
   * is left to evict; then the key has no entry. The value must not change while it waits.
   */
  set(key: CacheKey, value: Uint8Array, options: SetOptions = {}): Promise<boolean> {
    return this.#store.set(key, value, options.ttl, options.signal);
  }

  /** The same at once; `would-wait` if something must leave RAM first, then call {@link set}. */
  setSync(key: CacheKey, value: Uint8Array, options: SetOptions = {}): SetResult {
    return this.#store.setSync(key, value, options.ttl);
  }

  /** Says whether there is an entry, without reading it. */
  has(key: CacheKey): boolean {
    return this.#store.has(key);
  }

  /** Drops an entry without reading it; true if there was one, be its time over or not. */
  delete(key: CacheKey): boolean {
    return this.#store.delete(key);
  }

  /** Drops all entries, but not those of the groups. */
  clear(): Promise<void> {
    return this.#store.clear();
  }

  /** The same at once, in a time that grows with the number of entries. */
  clearSync(): void {
    this.#store.clearSync();
  }

  /**
   * All entries that are there from the beginning to the end of the walk, in no order, each once;
   * one that comes or goes meanwhile may be among them.
   */
  async *entries(): AsyncGenerator<[CacheKey, Uint8Array], void, undefined> {
    for await (const found of this.#walk(true)) yield found;
  }

  async *keys(): AsyncGenerator<CacheKey, void, undefined> {
    for await (const [key] of this.#walk(false)) yield key;
  }

  async *values(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const [, value] of this.#walk(true)) yield value;
  }

  [Symbol.asyncIterator](): AsyncGenerator<[CacheKey, Uint8Array], void, undefined> {
    return this.entries();
  }

  /** RAM taken, to the byte. */
  memoryUsage(): CacheMemoryUsage {
    const pages = this.#store.memory.usedBytes();
    const metadata = this.#store.metadataBytes;
    const own = { limit: this.#store.maxBytes, total: pages + metadata, pages, metadata };
    return [...this.#groups.values()].reduce<CacheMemoryUsage>((sum, group) => {
      const usage = group.memoryUsage();
      return {
        limit: sum.limit + usage.limit,
        total: sum.total + usage.total,
        pages: sum.pages + usage.pages,
        metadata: sum.metadata + usage.metadata,
      };
    }, own);
  }

  stats(): CacheStats {
    const { segments, reclaim, counters, size, payloadBytes } = this.#store;
    return {
      ...counters,
      entries: size,
      payloadBytes,
      segmentBytes: segments.used * SEGMENT_BYTES,
      deadBytes: segments.deadBytes,
      cleanedSegments: reclaim.cleanedSegments,
      lostSegments: segments.lost,
    };
  }

  /**
   * Makes a group: a cache of its own whose `maxBytes` are taken from this one's, until it is
   * closed. Entries here are evicted until the rest is enough for them.
   */
  async group(name: string, options: CacheLimits & CacheInternals): Promise<Cache> {
    if (this.#groups.has(name)) throw new TypeError(`there is a group ${name} already`);
    const rest = this.#store.maxBytes - checkedBytes(options.maxBytes);
    if (rest < CACHE_BYTES_MIN) {
      throw new RangeError(`a group must leave its parent ${CACHE_BYTES_MIN} bytes`);
    }
    const previous = this.#store.maxBytes;
    await this.#store.setMaxBytes(rest);
    let memory: CacheMemory;
    try {
      memory = await this.#host.map(name);
    } catch (error) {
      await this.#store.setMaxBytes(previous);
      throw error;
    }
    const group = new Cache(this.#host, memory, options, { cache: this, name });
    this.#groups.set(name, group);
    return group;
  }

  /** Resolves when nothing goes on in the background: cleaning, and pages on their way out. */
  async idle(): Promise<void> {
    await this.#store.reclaim.idle();
    await this.#store.memory.settle();
  }

  /** Forgets everything, the groups too, and gives the memory back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const group of this.#groups.values()) await group.close();
    await this.#store.close();
    if (this.#parent === undefined) await this.#host.close();
    else await this.#parent.#takeBack(this.#name, this.#store.maxBytes);
  }

  async #takeBack(name: string, bytes: number): Promise<void> {
    this.#groups.delete(name);
    await this.#store.setMaxBytes(this.#store.maxBytes + bytes);
  }

  async *#walk(withValue: boolean): AsyncGenerator<[CacheKey, Uint8Array], void, undefined> {
    const store = this.#store;
    let count = 0;
    for (let index = store.nextLive(1); index !== 0; index = store.nextLive(index + 1)) {
      const found = await readRecord(store, index, withValue);
      if (found !== undefined) yield found;
      count += 1;
      if (count % WALK_SLICE === 0) await this.#host.rt.yieldNow();
    }
  }
}

/** Makes a cache on a host: memory, a clock and chance of any kind. */
export async function openCacheOn(
  host: CacheHost,
  options: CacheLimits & CacheInternals,
): Promise<Cache> {
  checkedBytes(options.maxBytes);
  return new Cache(host, await host.map(''), options, undefined);
}

function checkedBytes(bytes: number): number {
  if (!(bytes >= CACHE_BYTES_MIN)) {
    throw new RangeError(`maxBytes is at least ${CACHE_BYTES_MIN}`);
  }
  return bytes;
}
