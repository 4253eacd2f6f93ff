import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { patternBytes } from '../../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../../src/zpool/arena.ts';
import {
  BUDDY_SIZE_MAX,
  BuddyPages,
  buddyLocation,
  CHUNKS,
  chunksOf,
  FIRST,
  HEADLESS,
  LAST,
  locationBuddy,
  locationPage,
  MIDDLE,
} from '../../../../src/zpool/buddy/buddy-pages.ts';

const BUDDIES = [FIRST, MIDDLE, LAST] as const;

describe('chunks', () => {
  it('has the kernel numbers', () => {
    assert.equal(CHUNKS, 63);
    assert.equal(BUDDY_SIZE_MAX, 3968);
    assert.deepEqual([1, 64, 65, 1300, 1984, 2000, 3968].map(chunksOf), [1, 1, 2, 21, 31, 32, 62]);
  });
});

describe('buddyLocation', () => {
  it('holds page and buddy', () => {
    for (const buddy of [HEADLESS, ...BUDDIES] as const) {
      const location = buddyLocation(2 ** 24 - 1, buddy);
      assert.equal(locationPage(location), 2 ** 24 - 1);
      assert.equal(locationBuddy(location), buddy);
    }
  });
});

describe('BuddyPages', () => {
  it('keeps the places of a page apart', () => {
    const pages = new BuddyPages(new Arena());
    const page = pages.create();
    assert.ok(pages.isEmpty(page));
    pages.setChunks(page, FIRST, 62);
    pages.setChunks(page, MIDDLE, 61);
    pages.setChunks(page, LAST, 60);
    pages.setStartMiddle(page, 63);
    pages.setChunks(page, MIDDLE, 1);
    assert.deepEqual(
      BUDDIES.map((buddy) => pages.chunks(page, buddy)),
      [62, 1, 60],
    );
    assert.equal(pages.startMiddle(page), 63);
    assert.ok(!pages.isEmpty(page));
    for (const buddy of BUDDIES) pages.setChunks(page, buddy, 0);
    assert.ok(pages.isEmpty(page));
    pages.destroy(page);
    assert.equal(pages.count, 0);
  });

  it('puts the buddies where the kernel does', () => {
    const pages = new BuddyPages(new Arena());
    const page = pages.create();
    pages.setChunks(page, LAST, 10);
    pages.setStartMiddle(page, 20);
    assert.deepEqual(
      ([HEADLESS, ...BUDDIES] as const).map((buddy) => pages.offset(page, buddy)),
      [0, 64, 20 * 64, 54 * 64],
    );
  });

  it('refuses to write an object of another size than was allocated', () => {
    const pages = new BuddyPages(new Arena());
    const page = pages.create();
    pages.setChunks(page, FIRST, 2);
    pages.write(buddyLocation(page, FIRST), new Uint8Array(128));
    assert.throws(() => pages.write(buddyLocation(page, FIRST), new Uint8Array(129)), {
      name: 'InvariantError',
    });
  });

  it('removes pages anywhere in a list', () => {
    const pages = new BuddyPages(new Arena());
    const [a, b, c] = [pages.create(), pages.create(), pages.create()];
    for (const page of [a, b, c]) pages.insert(page, 7);
    pages.remove(b, 7);
    assert.equal(pages.head(7), c);
    pages.remove(c, 7);
    assert.equal(pages.head(7), a);
    assert.throws(() => pages.remove(c, 7), { name: 'InvariantError' });
    pages.remove(a, 7);
    assert.equal(pages.head(7), 0);
  });

  it('follows a page whose frame was moved, and returns its memory when drained', () => {
    const arena = new Arena({ chunkBytes: 4 * PAGE_SIZE });
    const pages = new BuddyPages(arena);
    const numbers = Array.from({ length: 3000 }, () => pages.create());
    const last = numbers.at(-1) ?? 0;
    const bytes = patternBytes(PAGE_SIZE, 1);
    pages.write(buddyLocation(last, HEADLESS), bytes);
    const frame = pages.frame(last);
    const peak = pages.metadataBytes;
    const [low = 0] = numbers;
    for (const page of numbers) if (page !== low && page !== last) pages.destroy(page);
    assert.equal(arena.migrate(10), 1);
    assert.ok(pages.frame(last) < frame);
    const target = new Uint8Array(PAGE_SIZE);
    pages.read(buddyLocation(last, HEADLESS), PAGE_SIZE, target, 0);
    assert.deepEqual(target, bytes);
    pages.destroy(low);
    pages.destroy(last);
    assert.ok(pages.metadataBytes < peak / 2);
  });

  it('makes no page without memory', () => {
    const pages = new BuddyPages(new Arena({ pageLimit: 1 }));
    assert.notEqual(pages.create(), 0);
    assert.equal(pages.create(), 0);
    assert.equal(pages.count, 1);
  });
});
