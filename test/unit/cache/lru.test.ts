import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonCodec, openLruCacheOn } from '../../../src/cache/lru.ts';
import { MIB } from '../../../src/std/units.ts';
import { TestHost, TestRt } from '../../support/cache-memory.ts';

interface User {
  readonly name: string;
  readonly tags: readonly string[];
}

describe('a cache in the shape of lru-cache', () => {
  it('keeps what JSON can hold', async () => {
    const host = new TestHost(new TestRt());
    const lru = await openLruCacheOn<User>(host, { maxBytes: MIB, max: 10, codec: jsonCodec() });
    const user = { name: 'Zoë', tags: ['a', 'b'] };
    assert.equal(lru.set('user', user), lru);
    assert.deepEqual(lru.get('user'), user);
    assert.notEqual(lru.get('user'), user, 'a copy');
    assert.equal(lru.get('other'), undefined);
    lru.set('user', undefined);
    assert.equal(lru.has('user'), false);
    assert.equal(lru.stats().sets, 1);
    assert.ok(lru.memoryUsage().total <= MIB);
    await lru.close();
    assert.ok(host.isClosed);
  });

  it('has no older value after a set that would have to wait', async () => {
    const host = new TestHost(new TestRt());
    const lru = await openLruCacheOn<string>(host, { maxBytes: MIB, codec: jsonCodec() });
    lru.set('key', 'old');
    host.memory.writesWait = true;
    lru.set('key', 'x'.repeat(10_000));
    assert.equal(lru.get('key'), undefined);
  });
});
