/**
 * The public face of `zswapd/cache/lru`: options and methods of the `lru-cache` package, `max`,
 * `maxSize`, `ttl`, `dispose`, and calls that do not wait. What differs: values are encoded to
 * bytes, so what `get` returns is a copy; `maxSize` counts bytes of keys and values; and there is
 * `maxBytes`, a limit of RAM that counts everything.
 *
 * It is for caches without a disk, where no page ever has to be waited for. Should one have to be
 * (because it is just being moved), a `get` is a miss and a `set` stores nothing.
 */
import { openCacheOn, type Cache, type CacheMemoryUsage, type CacheStats } from './cache.ts';
import type { DroppedEntry, DropReason } from './drop.ts';
import { decodeKey, KEY_UTF8, type CacheKey } from './lookup/key.ts';
import type { CacheHost } from './space/memory.ts';

/** Why `dispose` is called, in the words of `lru-cache`. */
export type DisposeReason = 'evict' | 'set' | 'delete' | 'expire';

const REASONS: Readonly<Record<DropReason, DisposeReason>> = {
  evict: 'evict',
  expire: 'expire',
  delete: 'delete',
  replace: 'set',
  clear: 'delete',
  lost: 'evict',
};

/** How values become bytes and bytes values. */
export interface ValueCodec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

/** Options of `lru-cache` that mean here what they mean there, and the limit of RAM. */
export interface LruOptions<V> {
  /** RAM for everything, in bytes. */
  readonly maxBytes: number;
  /** Entries at most. */
  readonly max?: number;
  /** Bytes of keys (text in UTF-8) and encoded values at most. */
  readonly maxSize?: number;
  /** The same for one entry; a larger one is not stored. */
  readonly maxEntrySize?: number;
  /** Milliseconds that an entry is good for. */
  readonly ttl?: number;
  /** Called for each entry that leaves; then each one that leaves is read. */
  readonly dispose?: ((value: V, key: CacheKey, reason: DisposeReason) => void) | undefined;
  readonly codec: ValueCodec<V>;
}

/** Bytes as they are. */
export const BYTES: ValueCodec<Uint8Array> = { encode: (value) => value, decode: (bytes) => bytes };

const encoder = new TextEncoder();

/** What JSON can hold. */
export function jsonCodec<V>(): ValueCodec<V> {
  return {
    encode: (value) => encoder.encode(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(String(decodeKey(bytes, KEY_UTF8))) as V,
  };
}

export class LruCache<V> {
  readonly #cache: Cache;
  readonly #codec: ValueCodec<V>;

  /** Not for programs: they call {@link openLruCacheOn}. */
  constructor(cache: Cache, codec: ValueCodec<V>) {
    this.#cache = cache;
    this.#codec = codec;
  }

  /** Entries; one whose time is over counts until it is asked for. */
  get size(): number {
    return this.#cache.size;
  }

  /** Bytes of keys and encoded values. */
  get calculatedSize(): number {
    return this.#cache.stats().payloadBytes;
  }

  /** The value; its entry becomes the most recently used. */
  get(key: CacheKey): V | undefined {
    return this.#decode(this.#cache.getSync(key));
  }

  /** The value, without making its entry the most recently used. */
  peek(key: CacheKey): V | undefined {
    return this.#decode(this.#cache.peekSync(key));
  }

  /** Stores a value; `undefined` deletes. A value that is too large is not stored. */
  set(key: CacheKey, value: V | undefined, options: { readonly ttl?: number } = {}): this {
    if (value === undefined) {
      this.#cache.delete(key);
      return this;
    }
    const result = this.#cache.setSync(key, this.#codec.encode(value), options);
    // An older value must not outlive the set that was to replace it.
    if (result === 'would-wait') this.#cache.delete(key);
    return this;
  }

  has(key: CacheKey): boolean {
    return this.#cache.has(key);
  }

  delete(key: CacheKey): boolean {
    return this.#cache.delete(key);
  }

  clear(): void {
    this.#cache.clearSync();
  }

  memoryUsage(): CacheMemoryUsage {
    return this.#cache.memoryUsage();
  }

  stats(): CacheStats {
    return this.#cache.stats();
  }

  close(): Promise<void> {
    return this.#cache.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #decode(found: Uint8Array | undefined | 'would-wait'): V | undefined {
    if (found === undefined || found === 'would-wait') return undefined;
    return this.#codec.decode(found);
  }
}

/** Makes one on a host without a disk. */
export async function openLruCacheOn<V>(
  host: CacheHost,
  options: LruOptions<V>,
): Promise<LruCache<V>> {
  const { maxBytes, max, maxSize, maxEntrySize, ttl, dispose, codec } = options;
  const onDrop = (dropped: DroppedEntry): void => {
    const key = dropped.readKey();
    const value = dropped.readValue();
    if (key !== undefined && value !== undefined) {
      dispose?.(codec.decode(value), key, REASONS[dropped.reason]);
    }
  };
  const cache = await openCacheOn(host, {
    maxBytes,
    // Its entries leave when they are asked for or evicted, as those of the package do.
    expiryScan: 0,
    ...(max === undefined ? {} : { maxEntries: max }),
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(maxEntrySize === undefined ? {} : { maxEntryBytes: maxEntrySize }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(dispose === undefined ? {} : { onDrop }),
  });
  return new LruCache(cache, codec);
}
