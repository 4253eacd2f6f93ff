import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemcgId } from '../../../src/memcg/memcg.ts';
import { FolioRecords } from '../../../src/page/folio-records.ts';
import type { Pfn } from '../../../src/page/frames.ts';

const BROKEN = { name: 'InvariantError' };
const ROOT = 0 as MemcgId;
const CHUNK_RECORDS = 4096;

function pfnOf(value: number): Pfn {
  return value as Pfn;
}

describe('FolioRecords', () => {
  it('takes 32 bytes a frame', () => {
    const folios = new FolioRecords();
    for (let pfn = CHUNK_RECORDS; pfn < 2 * CHUNK_RECORDS; pfn += 512) {
      folios.begin(pfnOf(pfn), 9, ROOT, 1, 0);
    }
    assert.equal(folios.metadataBytes, 32 * CHUNK_RECORDS);
  });

  it('gives the memory of unused records back, but of one chunk', () => {
    const folios = new FolioRecords();
    const pfns = [512, CHUNK_RECORDS, 2 * CHUNK_RECORDS].map(pfnOf);
    for (const pfn of pfns) folios.begin(pfn, 0, ROOT, 1, 0);
    assert.equal(folios.metadataBytes, 3 * 32 * CHUNK_RECORDS);
    for (const pfn of pfns) folios.end(pfn);
    assert.equal(folios.metadataBytes, 32 * CHUNK_RECORDS);
    for (const pfn of pfns) {
      assert.equal(folios.isFolio(pfn), false);
      folios.begin(pfn, 0, ROOT, 1, 0);
      assert.equal(folios.isFolio(pfn), true);
    }
    assert.equal(folios.metadataBytes, 3 * 32 * CHUNK_RECORDS);
  });

  it('takes no memory for frames that were never used', () => {
    const folios = new FolioRecords();
    assert.equal(folios.metadataBytes, 0);
    folios.begin(pfnOf(50 * CHUNK_RECORDS), 0, ROOT, 1, 0);
    assert.equal(folios.metadataBytes, 32 * CHUNK_RECORDS);
    assert.equal(folios.isFolio(pfnOf(10 * CHUNK_RECORDS)), false);
    assert.equal(folios.isFolio(pfnOf(1000 * CHUNK_RECORDS)), false);
  });

  it('counts the frames that are in a folio', () => {
    const folios = new FolioRecords();
    folios.begin(pfnOf(512), 2, ROOT, 1, 0);
    folios.begin(pfnOf(3 * CHUNK_RECORDS), 0, ROOT, 1, 0);
    assert.equal(folios.usedFrames, 5);
    folios.split(pfnOf(512));
    folios.end(pfnOf(513));
    assert.equal(folios.usedFrames, 4);
  });
});

describe('FolioRecords refuses', () => {
  it('to begin a folio on frames that are in one', () => {
    const folios = new FolioRecords();
    folios.begin(pfnOf(512), 2, ROOT, 1, 0);
    assert.throws(() => folios.begin(pfnOf(512), 2, ROOT, 1, 0), BROKEN);
    assert.throws(() => folios.begin(pfnOf(515), 0, ROOT, 1, 0), BROKEN);
    assert.throws(() => folios.begin(pfnOf(512), 9, ROOT, 1, 0), BROKEN);
  });

  it('to begin a folio that is none', () => {
    const folios = new FolioRecords();
    assert.throws(() => folios.begin(pfnOf(0), 0, ROOT, 1, 0), BROKEN);
    assert.throws(() => folios.begin(pfnOf(513), 1, ROOT, 1, 0), BROKEN);
    assert.throws(() => folios.begin(pfnOf(1024), 10, ROOT, 1, 0), BROKEN);
    assert.throws(() => folios.begin(pfnOf(512), 0, 16_384 as MemcgId, 1, 0), BROKEN);
    assert.throws(() => folios.begin(pfnOf(512), 0, ROOT, -1, 0), BROKEN);
    assert.throws(() => folios.begin(pfnOf(512), 1, ROOT, 1, 2 ** 32 - 1), BROKEN);
    assert.equal(folios.metadataBytes, 0);
  });
});
