/**
 * The public face of `zswapd/cache/keyv`: a storage adapter for Keyv, over a cache or one of its
 * groups. Keyv 5 gives it text (its own serialization) or, without a serializer, bytes; one byte
 * before the value says which.
 */
import type { Cache } from './cache.ts';
import { decodeKey, KEY_UTF8 } from './lookup/key.ts';

const TEXT = 0;
const BYTES = 1;
const SEPARATOR = ':';
const encoder = new TextEncoder();

type Stored = string | Uint8Array;

/** One entry of {@link KeyvCache.setMany}. */
export interface KeyvEntry {
  readonly key: string;
  readonly value: unknown;
  /** Milliseconds. */
  readonly ttl?: number | undefined;
}

/**
 * `new Keyv({ store: new KeyvCache(cache), namespace })`. Several of them may share one cache as
 * long as their namespaces differ; `clear` then walks over all entries to find its own. A group for
 * each is quicker and has a limit of its own.
 */
export class KeyvCache {
  /** Keyv looks at both to find stores of its own that it may iterate over; this is none. */
  readonly opts: { readonly dialect: string; readonly url: string } = {
    dialect: 'zswapd',
    url: 'zswapd:',
  };
  /** Keyv sets it; keys arrive with it and a colon before them. */
  namespace?: string | undefined;
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** Keyv listens for errors of its store. Here a call that fails rejects instead. */
  on(_event: string, _listener: (...values: unknown[]) => void): this {
    return this;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    const found = await this.#cache.get(key);
    return found === undefined ? undefined : (unpacked(found) as Value);
  }

  async getMany<Value>(keys: readonly string[]): Promise<(Value | undefined)[]> {
    const values: (Value | undefined)[] = [];
    for (const key of keys) values.push(await this.get<Value>(key));
    return values;
  }

  /** @param ttl - milliseconds; none: for ever, or as long as the cache says */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return this.#cache.set(key, packed(value), ttl === undefined ? {} : { ttl });
  }

  async setMany(entries: readonly KeyvEntry[]): Promise<void> {
    for (const { key, value, ttl } of entries) await this.set(key, value, ttl);
  }

  async delete(key: string): Promise<boolean> {
    return this.#cache.delete(key);
  }

  async deleteMany(keys: readonly string[]): Promise<boolean> {
    // Each of them, whatever came of the others.
    return keys.map((key) => this.#cache.delete(key)).some(Boolean);
  }

  async has(key: string): Promise<boolean> {
    return this.#cache.has(key);
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return keys.map((key) => this.#cache.has(key));
  }

  /** Drops the entries of the namespace, or all if there is none. */
  async clear(): Promise<void> {
    if (this.namespace === undefined || this.namespace === '') {
      await this.#cache.clear();
      return;
    }
    const prefix = this.namespace + SEPARATOR;
    for await (const key of this.#cache.keys()) {
      if (typeof key === 'string' && key.startsWith(prefix)) this.#cache.delete(key);
    }
  }

  /** Keys and values as Keyv stored them. Keyv 5 offers iteration only for stores that it knows. */
  async *iterator<Value>(
    namespace: string | undefined = this.namespace,
  ): AsyncGenerator<[string, Value], void> {
    const prefix = namespace === undefined || namespace === '' ? '' : namespace + SEPARATOR;
    for await (const [key, value] of this.#cache.entries()) {
      if (typeof key !== 'string' || !key.startsWith(prefix)) continue;
      yield [key, unpacked(value) as Value];
    }
  }

  /** Closes the cache. */
  async disconnect(): Promise<void> {
    await this.#cache.close();
  }
}

function packed(value: unknown): Uint8Array {
  const isText = typeof value === 'string';
  if (!isText && !(value instanceof Uint8Array)) {
    throw new TypeError('the store takes text or bytes: let Keyv serialize the values');
  }
  const bytes = isText ? encoder.encode(value) : value;
  const result = new Uint8Array(1 + bytes.length);
  result[0] = isText ? TEXT : BYTES;
  result.set(bytes, 1);
  return result;
}

function unpacked(stored: Uint8Array): Stored {
  const bytes = stored.subarray(1);
  if (stored[0] === TEXT) return String(decodeKey(bytes, KEY_UTF8));
  // Keyv's users expect what Node's own stores give.
  return bytes.slice();
}
