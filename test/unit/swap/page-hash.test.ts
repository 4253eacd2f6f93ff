import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pageHash } from '../../../src/swap/page-hash.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { Random } from '../../support/pages.ts';

const SECTOR_BYTES = 512;
const SEED = 5;

/** As `xxhsum -H3` prints them; the low half is what is kept. */
const VECTORS: readonly (readonly [string, (index: number) => number, string])[] = [
  ['zeros', (): number => 0, '93d76fe148c689ba'],
  ['ones', (): number => 0xff, '074cfac273851dd6'],
  ['squares', (i): number => Math.floor((i * i + 7 * i) / 3), '25045d4c931e10a2'],
  ['ascending', (i): number => i, 'eb4b7c3707879151'],
];

function randomPage(random: Random): Uint8Array {
  return Uint8Array.from({ length: PAGE_SIZE }, () => random.u32());
}

describe('pageHash', () => {
  for (const [name, byteAt, hash] of VECTORS) {
    it(`is the low half of the XXH3 that others compute: ${name}`, () => {
      const page = Uint8Array.from({ length: PAGE_SIZE }, (_, index) => byteAt(index));
      assert.equal(pageHash(page), Number.parseInt(hash.slice(8), 16));
    });
  }

  it('does not depend on what was hashed before', () => {
    const page = randomPage(new Random(SEED));
    const first = pageHash(page);
    pageHash(new Uint8Array(PAGE_SIZE));
    assert.equal(pageHash(page), first);
  });

  it('finds every flipped bit', () => {
    const page = randomPage(new Random(SEED));
    const hash = pageHash(page);
    for (let bit = 0; bit < PAGE_SIZE * 8; bit += 1) {
      const at = bit >>> 3;
      const before = page[at] ?? 0;
      page[at] = before ^ (1 << (bit & 7));
      assert.notEqual(pageHash(page), hash, `bit ${bit}`);
      page[at] = before;
    }
    assert.equal(pageHash(page), hash);
  });

  it('finds every sector that is torn, lost or in the place of another', () => {
    const random = new Random(SEED);
    const page = randomPage(random);
    const older = randomPage(random);
    const hash = pageHash(page);
    for (let at = 0; at < PAGE_SIZE; at += SECTOR_BYTES) {
      const torn = page.slice();
      torn.set(older.subarray(at, at + SECTOR_BYTES), at);
      assert.notEqual(pageHash(torn), hash, `torn at ${at}`);
      assert.notEqual(pageHash(page.slice().fill(0, at, at + SECTOR_BYTES)), hash, `lost at ${at}`);
      for (let to = 0; to < at; to += SECTOR_BYTES) {
        const swapped = page.slice();
        swapped.copyWithin(to, at, at + SECTOR_BYTES);
        swapped.set(page.subarray(to, to + SECTOR_BYTES), at);
        assert.notEqual(pageHash(swapped), hash, `${to} and ${at} exchanged`);
      }
    }
  });

  it('gives different pages different sums', () => {
    const random = new Random(SEED);
    const sums = new Set(Array.from({ length: 1000 }, () => pageHash(randomPage(random))));
    assert.equal(sums.size, 1000);
  });
});
