/** Caches on real machines for tests: opened with a folder of their own, values that are known. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Cache } from '../../src/cache/cache.ts';
import { openCache, type OpenCacheOptions } from '../../src/cache/open.ts';
import { scratchFolder } from './project.ts';

/** What of a test's context is needed. */
interface Ends {
  after(remove: () => void | Promise<void>): void;
}

/** Opens a cache that is closed when the test ends; with a disk if it says how large. */
export async function openRealCache(
  t: Ends,
  options: OpenCacheOptions,
  diskBytes = 0,
): Promise<Cache> {
  const path =
    diskBytes === 0
      ? ''
      : join(
          scratchFolder((remove) => t.after(remove)),
          'swap',
        );
  const spill = diskBytes === 0 ? {} : { spill: { path, bytes: diskBytes } };
  const cache = await openCache({ ...options, ...spill });
  t.after(() => cache.close());
  return cache;
}

/** A record of JSON, the same for the same number; a third as large when it is compressed. */
export function jsonValue(id: number, version = 0): Buffer {
  const noise = Math.imul(id + 1, 0x9e3779b1) >>> 0;
  const record = {
    id,
    version,
    name: `user ${noise}`,
    tags: ['reader', 'writer', String(noise % 97)],
    profile: { city: 'Springfield', score: (noise % 100_003) / 7, note: 'as all the others' },
  };
  return Buffer.from(JSON.stringify(record).repeat(1 + (noise % 4)));
}

/** Bytes that no compressor makes smaller. */
export function noiseValue(id: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = Math.imul(id + 1, 0x85ebca6b) | 1;
  for (let i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** Fails unless the cache and its groups keep to their limit. */
export function assertWithin(cache: Cache): void {
  const { total, limit } = cache.memoryUsage();
  assert.ok(total <= limit, `${total} bytes of ${limit}`);
}
