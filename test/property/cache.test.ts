/**
 * Goal: the cache is a Map with a limit: what it returns is what was last set under that key and
 * not yet evicted, the entry that is evicted is the one that was used longest ago, and it never
 * takes more than its bytes. Method: random operations beside a Map in order of use, over memory so
 * small that everything is evicted, spilled and cleaned, with pages that are on disk, writes and
 * discards that have to wait, times that run out, and fingerprints that collide.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CACHE_BYTES_MIN, openCacheOn, type Cache } from '../../src/cache/cache.ts';
import type { DroppedEntry } from '../../src/cache/drop.ts';
import type { Hash64 } from '../../src/cache/lookup/hash.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { TestHost, TestRt, type TestMemoryOptions } from '../support/cache-memory.ts';

const KEYS = 400;
const TTL = 1000;

const key = fc.integer({ min: 0, max: KEYS - 1 });
const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 100, max: 2000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 2000, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 9000, max: 60_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 4080, 4081, 4082, 16_370, 16_384, 200_000) },
);
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ verb: fc.constant('set' as const), key, size }) },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('setTtl' as const), key, size }) },
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('setSync' as const), key, size }) },
  { weight: 8, arbitrary: fc.record({ verb: fc.constant('get' as const), key }) },
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('getSync' as const), key }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('peek' as const), key }) },
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('delete' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constantFrom(
        'pageOut' as const,
        'writesWait' as const,
        'discardsWait' as const,
        'noWaits' as const,
        'time' as const,
        'walk' as const,
      ),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface ModelEntry {
  readonly key: string;
  readonly size: number;
  readonly version: number;
  readonly expiry: number;
}

/** A value that says whose it is and compresses to nothing in a failure's report. */
function valueOf(entry: ModelEntry): Uint8Array {
  const value = new Uint8Array(entry.size);
  const seed = Number(entry.key.slice(1)) * 31 + entry.version * 7;
  for (let i = 0; i < value.length; i += 1) value[i] = seed + (i >>> 8) + (i & 15);
  return value;
}

class Machine {
  readonly rt = new TestRt();
  readonly host: TestHost;
  /** By identity, in order of use: the oldest first. */
  readonly model = new Map<string, ModelEntry>();
  readonly #identity: (key: string) => string;
  readonly #bytes: number;
  #cache: Cache | undefined;
  #version = 0;

  constructor(memory: TestMemoryOptions, bytes: number, identity: (key: string) => string) {
    this.host = new TestHost(this.rt, memory);
    this.#bytes = bytes;
    this.#identity = identity;
  }

  get cache(): Cache {
    assert.ok(this.#cache !== undefined);
    return this.#cache;
  }

  async open(hash: Hash64 | undefined): Promise<void> {
    const onDrop = (dropped: DroppedEntry): void => this.#dropped(dropped);
    const internals = hash === undefined ? {} : { hash };
    this.#cache = await openCacheOn(this.host, { maxBytes: this.#bytes, onDrop, ...internals });
  }

  async run(step: Step): Promise<void> {
    const { memory } = this.host;
    switch (step.verb) {
      case 'set':
      case 'setTtl':
      case 'setSync':
        await this.#set(step.verb, `k${step.key}`, step.size);
        break;
      case 'get':
      case 'getSync':
      case 'peek':
        await this.#get(step.verb, `k${step.key}`);
        break;
      case 'delete':
        this.#delete(`k${step.key}`);
        break;
      case 'pageOut':
        if (memory.spills) memory.pageOutAll();
        break;
      case 'writesWait':
        memory.writesWait = true;
        break;
      case 'discardsWait':
        memory.discardsWait = true;
        break;
      case 'noWaits':
        memory.writesWait = false;
        memory.discardsWait = false;
        break;
      case 'time':
        this.rt.now += TTL / 2;
        break;
      case 'walk':
        await this.walk();
    }
    this.check();
  }

  check(): void {
    // Entries whose time is over may be there or not.
    assert.ok(this.cache.size <= this.model.size);
    assert.ok(this.cache.size >= this.#good().length);
    const { limit, total } = this.cache.memoryUsage();
    assert.equal(limit, this.#bytes);
    assert.ok(total <= limit, `${total} bytes of ${limit}`);
  }

  /** Everything that the walk shows is in the model, and the other way round. */
  async walk(): Promise<void> {
    await this.cache.idle();
    const found = new Set<string>();
    for await (const [name, value] of this.cache) {
      assert.equal(typeof name, 'string');
      const entry = this.model.get(this.#identity(String(name)));
      assert.ok(entry !== undefined && entry.key === name);
      assert.deepEqual(value, valueOf(entry));
      assert.ok(!found.has(entry.key));
      found.add(entry.key);
    }
    assert.equal(found.size, this.#good().length);
  }

  #good(): ModelEntry[] {
    return [...this.model.values()].filter((entry) => !this.#isExpired(entry));
  }

  #isExpired(entry: ModelEntry): boolean {
    return entry.expiry !== 0 && this.rt.now > entry.expiry;
  }

  async #set(verb: 'set' | 'setTtl' | 'setSync', name: string, bytes: number): Promise<void> {
    this.#version += 1;
    const expiry = verb === 'setTtl' ? this.rt.now + TTL : 0;
    const entry = { key: name, size: bytes, version: this.#version, expiry };
    const id = this.#identity(name);
    this.#use(id);
    const value = valueOf(entry);
    let isStored: boolean;
    if (verb === 'setSync') {
      const result = this.cache.setSync(name, value);
      if (result === 'would-wait') return;
      isStored = result === 'stored';
    } else {
      isStored = await this.cache.set(name, value, verb === 'setTtl' ? { ttl: TTL } : {});
    }
    this.model.delete(id);
    value.fill(0xee);
    if (isStored) this.model.set(id, entry);
    else
      assert.ok(
        bytes > this.#bytes / 8,
        `${bytes} bytes refused: ${JSON.stringify(this.cache.stats())}`,
      );
  }

  async #get(verb: 'get' | 'getSync' | 'peek', name: string): Promise<void> {
    const id = this.#identity(name);
    const entry = this.model.get(id);
    const isHit = entry !== undefined && entry.key === name && !this.#isExpired(entry);
    const result = verb === 'getSync' ? this.cache.getSync(name) : await this.cache[verb](name);
    if (result === 'would-wait') {
      assert.ok(entry !== undefined && this.host.memory.onDisk.size > 0);
      return;
    }
    if (!isHit) {
      assert.equal(result, undefined);
      return;
    }
    assert.deepEqual(result, valueOf(entry));
    result?.fill(0xdd);
    if (verb !== 'peek') this.#use(id);
  }

  #delete(name: string): void {
    const { reads } = this.host.memory;
    const entry = this.model.get(this.#identity(name));
    const isThere = entry !== undefined && !this.#isExpired(entry);
    assert.equal(this.cache.has(name), isThere);
    const isDeleted = this.cache.delete(name);
    // One whose time is over may be there or not.
    assert.ok(isThere ? isDeleted : !isDeleted || entry !== undefined);
    // The listener below reads; nothing else does.
    if (entry === undefined) assert.equal(this.host.memory.reads, reads);
    this.model.delete(this.#identity(name));
  }

  #use(id: string): void {
    const entry = this.model.get(id);
    if (entry === undefined) return;
    this.model.delete(id);
    this.model.set(id, entry);
  }

  #dropped(dropped: DroppedEntry): void {
    const name = dropped.readKey();
    if (dropped.reason === 'evict') {
      const [oldest] = this.#good();
      assert.ok(oldest !== undefined);
      if (name !== undefined) assert.equal(name, oldest.key, 'not the least recently used');
      this.model.delete(this.#identity(oldest.key));
    } else if (dropped.reason === 'expire') {
      if (name === undefined) return;
      const id = this.#identity(String(name));
      const entry = this.model.get(id);
      assert.ok(entry !== undefined && this.#isExpired(entry), 'expired too early');
      this.model.delete(id);
    } else assert.notEqual(dropped.reason, 'lost');
  }
}

function check(
  name: string,
  memory: TestMemoryOptions,
  bytes: number,
  colliding?: { readonly hash: Hash64; readonly identity: (key: string) => string },
): void {
  it(name, async () => {
    const steps = fc.array(step, { minLength: 100, maxLength: 500, size: 'max' });
    const property = fc.asyncProperty(steps, async (all) => {
      const machine = new Machine(memory, bytes, colliding?.identity ?? ((each) => each));
      await machine.open(colliding?.hash);
      for (const each of all) await machine.run(each);
      await machine.walk();
      machine.host.memory.discardsWait = false;
      await machine.cache.clear();
      await machine.cache.idle();
      assert.equal(machine.host.memory.pages.size, 0, 'everything was given back');
      await machine.cache.close();
      assert.ok(machine.host.isClosed);
    });
    await fc.assert(property, { numRuns: 10, endOnFailure: true });
  });
}

/** Seven fingerprints for all keys, that differ only in one half or the other. */
function weak(text: string): number {
  return Number(text.slice(1)) % 97;
}
const weakHash: Hash64 = (bytes, length, result) => {
  const value = weak(Buffer.from(bytes.subarray(0, length)).toString());
  result.low = value & 3;
  result.high = value >>> 2;
};

describe('the cache beside a Map', () => {
  check('agrees in RAM alone', {}, CACHE_BYTES_MIN);
  check('agrees where pages shrink', { pageBytes: PAGE_SIZE / 4 }, CACHE_BYTES_MIN);
  check('agrees with a disk', { diskPages: 120 }, CACHE_BYTES_MIN);
  check('agrees in little address space', { bytes: 40 * 16_384 }, 4 * CACHE_BYTES_MIN);
  check('agrees where fingerprints collide', {}, CACHE_BYTES_MIN, {
    hash: weakHash,
    identity: (each) => String(weak(each)),
  });
  check('agrees where fingerprints collide, with a disk', { diskPages: 60 }, CACHE_BYTES_MIN, {
    hash: weakHash,
    identity: (each) => String(weak(each)),
  });
});
