/**
 * Goal: a cache holds more entries than a Map can (2^23 in some versions of Node), none of them on
 * the JavaScript heap, at the bytes an entry that the docs state, and no call pays for all the
 * others. Method: so many small entries, and a sample of them read back.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openCacheOn } from '../../src/cache/cache.ts';
import { GIB, MIB } from '../../src/std/units.ts';
import { TestHost, TestRt } from '../support/cache-memory.ts';

const ENTRIES = 8_400_000;
const SAMPLE = 7919;
/** Bytes of index and tables for an entry. */
const METADATA_BYTES_MAX = 32;

it('holds more than 8,388,608 entries', async () => {
  assert.ok(ENTRIES > 2 ** 23);
  const host = new TestHost(new TestRt(), { bytes: 4 * GIB });
  const cache = await openCacheOn(host, { maxBytes: 4 * GIB });
  const value = new Uint8Array(4);
  const words = new DataView(value.buffer);
  const heapBefore = process.memoryUsage().heapUsed;
  for (let i = 0; i < ENTRIES; i += 1) {
    words.setUint32(0, i);
    cache.setSync(String(i), value);
  }
  assert.equal(cache.size, ENTRIES);
  assert.ok(cache.memoryUsage().metadata < METADATA_BYTES_MAX * ENTRIES);
  // The memory of the test has a view for each page, which is most of it.
  assert.ok(process.memoryUsage().heapUsed - heapBefore < 100 * MIB);
  for (let i = 0; i < ENTRIES; i += SAMPLE) {
    words.setUint32(0, i);
    assert.deepEqual(cache.getSync(String(i)), value);
  }
  for (let i = 0; i < ENTRIES; i += 1) cache.delete(String(i));
  assert.equal(host.memory.pages.size, 0);
  assert.ok(cache.memoryUsage().total < MIB, 'the index shrinks too');
});
