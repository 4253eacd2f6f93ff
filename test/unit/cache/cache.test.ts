import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { CACHE_BYTES_MIN, openCacheOn, type Cache } from '../../../src/cache/cache.ts';
import type { DroppedEntry } from '../../../src/cache/drop.ts';
import { SEGMENT_BYTES } from '../../../src/cache/space/segments.ts';
import { KIB, MIB, PAGE_SIZE } from '../../../src/std/units.ts';
import { TestHost, TestRt } from '../../support/cache-memory.ts';

function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => seed + (i >>> 4));
}

describe('a cache in RAM', () => {
  let rt: TestRt;
  let host: TestHost;
  let cache: Cache;
  beforeEach(async () => {
    rt = new TestRt();
    host = new TestHost(rt);
    cache = await openCacheOn(host, { maxBytes: MIB });
  });

  it('keeps values of any size', () => {
    const sizes = [0, 1, 4085, 4086, 4087, SEGMENT_BYTES - 11, SEGMENT_BYTES, 200_000];
    for (const size of sizes) assert.equal(cache.setSync(`k${size}`, bytes(size, size)), 'stored');
    for (const size of sizes) assert.deepEqual(cache.getSync(`k${size}`), bytes(size, size));
    assert.equal(cache.size, sizes.length);
  });

  it('copies values on their way in and out', () => {
    const value = bytes(500, 1);
    cache.setSync('key', value);
    value.fill(0);
    const found = cache.getSync('key');
    assert.deepEqual(found, bytes(500, 1));
    if (found instanceof Uint8Array) found.fill(0);
    assert.deepEqual(cache.getSync('key'), bytes(500, 1));
  });

  it('packs small values, and writes them as whole segments', () => {
    for (let i = 0; i < 100; i += 1) cache.setSync(`key${i}`, bytes(1000, i));
    assert.ok(host.memory.pages.size <= Math.ceil((100 * 1040) / PAGE_SIZE));
    assert.equal(cache.stats().segmentBytes, 7 * SEGMENT_BYTES);
  });

  it('refuses a value larger than an entry may be, and drops the older one', async () => {
    cache.setSync('key', bytes(10, 1));
    assert.equal(cache.setSync('key', new Uint8Array(MIB / 2)), 'refused');
    assert.equal(cache.has('key'), false);
    assert.equal(await cache.set('key', new Uint8Array(MIB / 2)), false);
    assert.equal(cache.stats().refused, 2);
  });

  it('says what is wrong with its arguments', async () => {
    const untyped = cache as unknown as { setSync(key: unknown, value: unknown, o?: object): void };
    assert.throws(() => untyped.setSync('key', 'text'), TypeError);
    assert.throws(() => untyped.setSync(5, bytes(1, 1)), TypeError);
    assert.throws(() => untyped.setSync('key', bytes(1, 1), { ttl: -1 }), RangeError);
    await assert.rejects(openCacheOn(host, { maxBytes: 1000 }), RangeError);
  });

  it('stays within its bytes, evicting what was used longest ago', () => {
    for (let i = 0; i < 5000; i += 1) {
      assert.equal(cache.setSync(`key${i}`, bytes(700, i)), 'stored');
      cache.getSync('key0');
      assert.ok(cache.memoryUsage().total <= MIB);
    }
    assert.deepEqual(cache.getSync('key0'), bytes(700, 0));
    assert.equal(cache.has('key1'), false);
    assert.deepEqual(cache.getSync('key4999'), bytes(700, 4999));
    assert.ok(cache.stats().payloadBytes > MIB / 2, 'it is not half empty either');
  });

  it('gives pages back when all entries on them are deleted', () => {
    for (let i = 0; i < 500; i += 1) cache.setSync(`key${i}`, bytes(1000, i));
    const before = host.memory.pages.size;
    for (let i = 0; i < 250; i += 1) cache.delete(`key${i}`);
    assert.ok(host.memory.pages.size <= before / 2 + 4);
    assert.equal(host.memory.reads, 0, 'without reading one');
  });

  it('gathers what is left when every other entry is deleted', async () => {
    for (let i = 0; i < 600; i += 1) cache.setSync(`key${i}`, bytes(1000, i));
    const before = host.memory.pages.size;
    for (let i = 0; i < 600; i += 1) if (i % 4 !== 0) cache.delete(`key${i}`);
    await cache.idle();
    assert.ok(host.memory.pages.size < before / 2, `${host.memory.pages.size} of ${before}`);
    for (let i = 0; i < 600; i += 4) assert.deepEqual(cache.getSync(`key${i}`), bytes(1000, i));
    assert.ok(cache.stats().cleanedSegments > 0);
  });

  it('walks over all entries, each once', async () => {
    for (let i = 0; i < 1000; i += 1) cache.setSync(`key${i}`, bytes(50, i));
    cache.setSync('long', bytes(20_000, 1));
    cache.setSync('x'.repeat(4000), bytes(3, 1));
    const keys = new Set<unknown>();
    for await (const key of cache.keys()) keys.add(key);
    assert.equal(keys.size, 1002);
    let total = 0;
    for await (const value of cache.values()) total += value.length;
    assert.equal(total, 1000 * 50 + 20_003);
    for await (const [key, value] of cache) {
      if (key === 'key7') assert.deepEqual(value, bytes(50, 7));
    }
  });

  it('drops entries when their time is over, also those that nobody asks for', () => {
    cache.setSync('short', bytes(10, 1), { ttl: 10 });
    cache.setSync('long', bytes(10, 1), { ttl: 1e6 });
    cache.setSync('ever', bytes(10, 1));
    rt.now += 11;
    assert.equal(cache.has('short'), false);
    assert.equal(cache.size, 3);
    for (let i = 0; i < 5000; i += 1) cache.setSync('other', bytes(10, i));
    assert.equal(cache.size, 3);
    assert.equal(cache.stats().expired, 1);
    assert.ok(cache.has('long') && cache.has('ever'));
  });

  it('waits for an entry for which there is no page frame at the moment', async () => {
    for (let i = 0; i < 100; i += 1) cache.setSync(`key${i}`, bytes(1000, i));
    host.memory.readsWithoutRoom = 4;
    assert.equal(cache.getSync('key0'), 'would-wait');
    assert.deepEqual(await cache.get('key0'), bytes(1000, 0));
    assert.equal(host.memory.readsWithoutRoom, 0);
    // Where none comes in all that time it is a miss, and still there.
    host.memory.readsWithoutRoom = Infinity;
    assert.equal(await cache.get('key0'), undefined);
    host.memory.readsWithoutRoom = 0;
    assert.deepEqual(cache.getSync('key0'), bytes(1000, 0));
    assert.equal(cache.stats().lost, 0);
  });

  it('forgets an entry whose page is lost', async () => {
    for (let i = 0; i < 100; i += 1) cache.setSync(`key${i}`, bytes(1000, i));
    for (const page of host.memory.pages.keys()) host.memory.lost.add(page);
    assert.equal(cache.getSync('key0'), undefined);
    assert.equal(await cache.get('key1'), undefined);
    assert.equal(cache.has('key1'), false);
    assert.equal(cache.stats().lost, 2);
    for await (const key of cache.keys()) assert.match(String(key), /^key9/);
  });

  it('has no use of segments that cannot be discarded', async () => {
    host.memory.discardsWait = true;
    host.memory.discardsFail = true;
    for (let i = 0; i < 100; i += 1) cache.setSync(`key${i}`, bytes(1000, i));
    for (let i = 0; i < 50; i += 1) cache.delete(`key${i}`);
    await cache.idle();
    assert.equal(cache.stats().lostSegments, 3);
    assert.deepEqual(cache.getSync('key99'), bytes(1000, 99));
  });

  it('is gone when it is closed', async () => {
    cache.setSync('key', bytes(1, 1));
    await cache.close();
    await cache.close();
    assert.ok(host.isClosed && host.memory.isClosed);
    assert.throws(() => cache.getSync('key'), { code: 'ZSWAP_CLOSED' });
    await assert.rejects(cache.get('key'), { code: 'ZSWAP_CLOSED' });
  });
});

describe('a cache that tells of what leaves', () => {
  async function open(onDrop: (dropped: DroppedEntry) => void): Promise<Cache> {
    return openCacheOn(new TestHost(new TestRt()), { maxBytes: MIB, maxEntries: 3, onDrop });
  }

  it('says which entry and why', async () => {
    const seen: unknown[] = [];
    const cache = await open((dropped) => {
      seen.push([dropped.reason, dropped.readKey(), dropped.readValue()?.length]);
    });
    for (let i = 0; i < 4; i += 1) cache.setSync(`key${i}`, bytes(i, i));
    cache.setSync('key1', bytes(100, 1));
    cache.delete('key2');
    await cache.clear();
    assert.deepEqual(seen.slice(0, 3), [
      ['evict', 'key0', 0],
      ['replace', 'key1', 1],
      ['delete', 'key2', 2],
    ]);
    assert.equal(seen.length, 5);
  });

  it('cannot be used by its listener, nor what left after it', async () => {
    let kept: DroppedEntry | undefined;
    const cache = await open((dropped) => {
      kept = dropped;
      assert.throws(() => cache.getSync('key'), TypeError);
    });
    cache.setSync('key', bytes(1, 1));
    cache.delete('key');
    assert.throws(() => kept?.readValue(), TypeError);
  });

  it('is as it should be after a listener that throws', async () => {
    const cache = await open(() => {
      throw new Error('the listener failed');
    });
    cache.setSync('key', bytes(100, 1));
    assert.throws(() => cache.delete('key'), /the listener failed/);
    assert.equal(cache.size, 0);
    assert.equal(cache.stats().payloadBytes, 0);
  });
});

describe('a cache with a disk', () => {
  let host: TestHost;
  let cache: Cache;
  beforeEach(async () => {
    host = new TestHost(new TestRt(), { diskPages: 1000 });
    cache = await openCacheOn(host, { maxBytes: MIB });
    for (let i = 0; i < 300; i += 1) await cache.set(`key${i}`, bytes(1000, i));
    await cache.set('large', bytes(100_000, 7));
    host.memory.pageOutAll();
  });

  it('says that a value has to be waited for', async () => {
    assert.equal(cache.getSync('key0'), 'would-wait');
    assert.equal(cache.getSync('large'), 'would-wait');
    assert.deepEqual(await cache.get('key0'), bytes(1000, 0));
    assert.deepEqual(cache.getSync('key0'), bytes(1000, 0));
    assert.deepEqual(await cache.get('large'), bytes(100_000, 7));
    assert.deepEqual(await cache.peek('key1'), bytes(1000, 1));
  });

  it('sets, deletes and looks up without reading from it', async () => {
    assert.equal(cache.delete('key0'), true);
    assert.equal(cache.delete('large'), true);
    assert.equal(cache.has('key1'), true);
    assert.equal(cache.setSync('key1', bytes(1000, 5)), 'stored');
    for (let i = 2; i < 200; i += 1) await cache.set(`key${i}`, bytes(900, i));
    assert.equal(host.memory.diskReads, 0);
  });

  it('returns what was there when the read began, whatever happens meanwhile', async () => {
    const reads = Array.from({ length: 40 }, (_, i) => cache.get(`key${i}`));
    const large = cache.get('large');
    for (let i = 0; i < 300; i += 1) cache.delete(`key${i}`);
    cache.delete('large');
    for (let i = 0; i < 300; i += 1) await cache.set(`key${i}`, bytes(1000, i + 100));
    for (const [i, value] of (await Promise.all(reads)).entries()) {
      assert.deepEqual(value, bytes(1000, i));
    }
    assert.deepEqual(await large, bytes(100_000, 7));
    assert.deepEqual(await cache.get('key3'), bytes(1000, 103));
  });

  it('stops waiting when the signal says so', async () => {
    const abort = new AbortController();
    const reading = cache.get('key0', { signal: abort.signal });
    abort.abort();
    await assert.rejects(reading, { name: 'AbortError' });
    await assert.rejects(cache.get('key0', { signal: abort.signal }), { name: 'AbortError' });
    const setting = cache.set('key', bytes(1, 1), { signal: abort.signal });
    await assert.rejects(setting, { name: 'AbortError' });
    assert.deepEqual(await cache.get('key0'), bytes(1000, 0));
  });

  it('forgets what cannot be read from it', async () => {
    for (const page of host.memory.pages.keys()) host.memory.lost.add(page);
    assert.equal(await cache.get('key0'), undefined);
    assert.equal(cache.has('key0'), false);
    assert.equal(cache.stats().lost, 1);
  });

  it('counts a read as use although its entry was moved meanwhile', async () => {
    for (let i = 300; i < 900; i += 1) await cache.set(`key${i}`, bytes(1000, i));
    host.memory.pageOutAll();
    host.memory.readTurns = 500;
    const reads = Array.from({ length: 225 }, (_, i) => cache.get(`key${i * 4}`));
    host.memory.readTurns = 1;
    for (let i = 0; i < 900; i += 1) if (i % 4 !== 0) cache.delete(`key${i}`);
    await cache.idle();
    assert.ok(cache.stats().cleanedSegments > 0);
    await Promise.all(reads);
    // 'large' was set after the first 300 and has not been used since: it is the oldest now.
    while (cache.has('large')) await cache.set(`more${cache.stats().sets}`, bytes(100_000, 1));
    for (let i = 0; i < 900; i += 4) assert.ok(cache.has(`key${i}`), `key${i}`);
  });

  it('cleans segments on it in the background', async () => {
    for (let i = 300; i < 900; i += 1) await cache.set(`key${i}`, bytes(1000, i));
    host.memory.pageOutAll();
    for (let i = 0; i < 900; i += 1) if (i % 4 !== 0) cache.delete(`key${i}`);
    await cache.idle();
    assert.ok(cache.stats().deadBytes < 300_000);
    assert.ok(host.memory.diskReads > 0);
    for (let i = 0; i < 900; i += 4) assert.deepEqual(await cache.get(`key${i}`), bytes(1000, i));
  });

  it('serves many calls at once', async () => {
    const sets = Array.from({ length: 500 }, (_, i) =>
      cache.set(`key${i % 100}`, bytes(i % 7 === 0 ? 30_000 : 800, i)),
    );
    const gets = Array.from({ length: 500 }, (_, i) => cache.get(`key${i % 100}`));
    assert.ok((await Promise.all(sets)).every(Boolean));
    for (const value of await Promise.all(gets)) {
      if (value === undefined) continue;
      const [seed = 0] = value;
      assert.deepEqual(value, bytes(value.length, seed));
    }
    const { limit, total } = cache.memoryUsage();
    assert.ok(total <= limit);
  });
});

describe('groups of a cache', () => {
  let host: TestHost;
  let cache: Cache;
  beforeEach(async () => {
    host = new TestHost(new TestRt());
    cache = await openCacheOn(host, { maxBytes: 3 * MIB });
  });

  it('have keys, pages and evictions of their own', async () => {
    const one = await cache.group('one', { maxBytes: MIB });
    const two = await cache.group('two', { maxBytes: MIB });
    two.setSync('key', bytes(100, 2));
    cache.setSync('key', bytes(100, 3));
    for (let i = 0; i < 3000; i += 1) one.setSync(`key${i}`, bytes(1000, i));
    assert.ok(one.stats().evicted > 1000);
    assert.equal(two.stats().evicted + cache.stats().evicted, 0);
    assert.deepEqual(two.getSync('key'), bytes(100, 2));
    assert.deepEqual(cache.getSync('key'), bytes(100, 3));
    assert.equal(one.has('key'), false);
    assert.ok(one.memoryUsage().total <= MIB);
    const { limit, total } = cache.memoryUsage();
    assert.ok(limit === 3 * MIB && total <= limit);
  });

  it('take their bytes from their parent, which evicts for it, and give them back', async () => {
    for (let i = 0; i < 4000; i += 1) cache.setSync(`key${i}`, bytes(1000, i));
    assert.ok(cache.memoryUsage().total > 2 * MIB);
    const group = await cache.group('group', { maxBytes: 2 * MIB });
    assert.ok(cache.memoryUsage().total <= MIB + group.memoryUsage().total);
    await group.close();
    for (let i = 0; i < 4000; i += 1) cache.setSync(`key${i}`, bytes(1000, i));
    assert.ok(cache.memoryUsage().total > 2 * MIB);
    assert.equal(cache.memoryUsage().limit, 3 * MIB);
  });

  it('leave their parent what it needs, and have names of their own', async () => {
    const tooMuch = 3 * MIB - CACHE_BYTES_MIN + 1;
    await assert.rejects(cache.group('one', { maxBytes: tooMuch }), RangeError);
    await assert.rejects(cache.group('one', { maxBytes: KIB }), RangeError);
    await cache.group('one', { maxBytes: MIB });
    await assert.rejects(cache.group('one', { maxBytes: MIB }), TypeError);
  });

  it('are closed with it', async () => {
    const group = await cache.group('one', { maxBytes: MIB });
    await cache.close();
    assert.throws(() => group.has('key'), { code: 'ZSWAP_CLOSED' });
    assert.ok([...host.memories.values()].every((memory) => memory.isClosed));
  });
});
