import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import Keyv from 'keyv';
import { openCacheOn, type Cache } from '../../../src/cache/cache.ts';
import { KeyvCache } from '../../../src/cache/keyv.ts';
import { MIB } from '../../../src/std/units.ts';
import { TestHost, TestRt } from '../../support/cache-memory.ts';

describe('the store for Keyv', () => {
  let rt: TestRt;
  let cache: Cache;
  beforeEach(async () => {
    rt = new TestRt();
    cache = await openCacheOn(new TestHost(rt), { maxBytes: MIB });
  });

  it('gives back what Keyv serializes', async () => {
    const keyv = new Keyv({ store: new KeyvCache(cache) });
    const values = [false, 0, '', 'text', '"', "'", { fizz: ['buzz', 1] }, 'grüße 🙂'];
    for (const value of values) {
      assert.equal(await keyv.set('key', value), true);
      assert.deepEqual(await keyv.get('key'), value);
    }
    assert.equal(await keyv.get('other'), undefined);
    await keyv.set('buffer', { bytes: Buffer.from('bar') });
    assert.deepEqual(await keyv.get('buffer'), { bytes: Buffer.from('bar') });
  });

  it('takes bytes as they are from a Keyv without a serializer', async () => {
    const store = new KeyvCache(cache);
    await store.set('bytes', Uint8Array.of(1, 2, 3));
    assert.deepEqual(await store.get('bytes'), Uint8Array.of(1, 2, 3));
    await assert.rejects(store.set('object', {}), TypeError);
  });

  it('gets and deletes many', async () => {
    const keyv = new Keyv({ store: new KeyvCache(cache) });
    await keyv.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: 60_000 },
    ]);
    assert.deepEqual(await keyv.get(['a', 'none', 'b']), [1, undefined, 2]);
    assert.deepEqual(await keyv.hasMany(['a', 'none']), [true, false]);
    assert.equal(await keyv.delete(['a', 'b']), true);
    assert.equal(await keyv.delete(['a', 'b']), false);
    assert.equal(await keyv.has('a'), false);
    assert.equal(cache.size, 0);
  });

  it('drops an entry when its time is over', async () => {
    const store = new KeyvCache(cache);
    await store.set('key', 'value', 100);
    rt.now += 100;
    assert.equal(await store.get('key'), 'value');
    rt.now += 1;
    assert.equal(await store.get('key'), undefined);
    assert.equal(cache.size, 0);
  });

  it('keeps namespaces apart, and clears only its own', async () => {
    const one = new Keyv({ store: new KeyvCache(cache), namespace: 'one' });
    const two = new Keyv({ store: new KeyvCache(cache), namespace: 'two' });
    await one.set('key', 1);
    await two.set('key', 2);
    assert.deepEqual([await one.get('key'), await two.get('key')], [1, 2]);
    await one.clear();
    assert.deepEqual([await one.get('key'), await two.get('key')], [undefined, 2]);
    assert.equal(await two.delete('key'), true);
  });

  it('walks over the entries of a namespace', async () => {
    const store = new KeyvCache(cache);
    const keyv = new Keyv({ store, namespace: 'one' });
    const other = new Keyv({ store: new KeyvCache(cache), namespace: 'two' });
    for (let i = 0; i < 300; i += 1) await keyv.set(`key${i}`, i);
    await other.set('key', -1);
    const found = new Map<string, string>();
    for await (const [key, value] of store.iterator<string>()) found.set(key, value);
    assert.equal(found.size, 300);
    assert.deepEqual(JSON.parse(found.get('one:key17') ?? ''), { value: 17 });
    const all: string[] = [];
    for await (const [key] of store.iterator('')) all.push(key);
    assert.equal(all.length, 301);
  });

  it('clears a group that it has for itself', async () => {
    const group = await cache.group('users', { maxBytes: MIB / 2 });
    const keyv = new Keyv({ store: new KeyvCache(group), useKeyPrefix: false });
    await keyv.set('key', 1);
    await cache.set('key', new Uint8Array(1));
    await new KeyvCache(group).clear();
    assert.equal(group.size, 0);
    assert.equal(cache.size, 1);
  });

  it('disconnects by closing the cache', async () => {
    const keyv = new Keyv({ store: new KeyvCache(cache) });
    await keyv.disconnect();
    assert.throws(() => cache.has('key'), { code: 'ZSWAP_CLOSED' });
  });
});
