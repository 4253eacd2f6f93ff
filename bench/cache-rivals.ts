/** The caches that are compared, behind one small interface. Values are JSON as bytes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { openCache } from '../src/cache/open.ts';

/** What each can do. */
export interface CacheRival {
  set(key: string, value: Uint8Array): void | Promise<unknown>;
  get(key: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Entries that are there now. */
  count(): number;
  close(): Promise<void>;
}

/** How much each may take, and whether it may use a disk. */
export interface RivalOptions {
  readonly maxBytes: number;
  readonly diskBytes: number;
}

/** Why a rival cannot take part; it is skipped loudly. */
export class RivalMissing extends Error {}

function scratch(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'zswapd-bench-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function openMap(): Promise<CacheRival> {
  const map = new Map<string, Uint8Array>();
  return Promise.resolve({
    set: (key, value) => void map.set(key, value),
    get: (key) => map.get(key),
    count: () => map.size,
    close: () => Promise.resolve(),
  });
}

/** As a program keeps data that does not think of its heap. */
function openObjectMap(): Promise<CacheRival> {
  const map = new Map<string, unknown>();
  return Promise.resolve({
    set: (key, value) => void map.set(key, JSON.parse(Buffer.from(value).toString())),
    get: (key) => {
      const value = map.get(key);
      return value === undefined ? undefined : Buffer.from(JSON.stringify(value));
    },
    count: () => map.size,
    close: () => Promise.resolve(),
  });
}

function openLru({ maxBytes }: RivalOptions): Promise<CacheRival> {
  const lru = new LRUCache<string, Uint8Array>({
    maxSize: maxBytes,
    sizeCalculation: (value, key) => value.length + key.length,
  });
  return Promise.resolve({
    set: (key, value) => void lru.set(key, value),
    get: (key) => lru.get(key),
    count: () => lru.size,
    close: () => Promise.resolve(),
  });
}

/** What is used of the lmdb package. */
interface LmdbModule {
  open(options: { path: string; encoding: 'binary'; compression: boolean }): {
    put(key: string, value: Buffer): Promise<boolean>;
    get(key: string): Buffer | undefined;
    getCount(): number;
    close(): Promise<void>;
  };
}

async function openLmdb(): Promise<CacheRival> {
  // No dependency of the project: it wants a compiler or prebuilt packages that not every platform
  // and registry has. `npm install --no-save --ignore-scripts lmdb` brings it for a run.
  const name = 'lmdb';
  let lmdb: LmdbModule;
  try {
    lmdb = (await import(name)) as LmdbModule;
  } catch (error) {
    const how = 'npm install --no-save --ignore-scripts lmdb';
    throw new RivalMissing(`not installed, or no build for this machine (${how})`, {
      cause: error,
    });
  }
  const { folder, remove } = scratch();
  const db = lmdb.open({ path: folder, encoding: 'binary', compression: true });
  return {
    set: (key, value) => db.put(key, Buffer.from(value)),
    get: (key) => db.get(key),
    count: () => db.getCount(),
    close: async () => {
      await db.close();
      remove();
    },
  };
}

async function openZswapd({ maxBytes, diskBytes }: RivalOptions): Promise<CacheRival> {
  const { folder, remove } = scratch();
  const spill = { path: join(folder, 'swap'), bytes: diskBytes };
  const cache = await openCache({ maxBytes, ...(diskBytes === 0 ? {} : { spill }) });
  return {
    set: (key, value) => {
      if (cache.setSync(key, value) === 'would-wait') return cache.set(key, value);
      return undefined;
    },
    get: (key) => {
      const found = cache.getSync(key);
      return found === 'would-wait' ? cache.get(key) : found;
    },
    count: () => cache.size,
    close: async () => {
      await cache.close();
      remove();
    },
  };
}

/** By name. */
export const RIVALS: Readonly<Record<string, (options: RivalOptions) => Promise<CacheRival>>> = {
  zswapd: openZswapd,
  'Map of bytes': openMap,
  'Map of objects': openObjectMap,
  'lru-cache': openLru,
  lmdb: openLmdb,
};
