import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OK } from '../../../src/std/errno.ts';
import { ArrayCells, assertObject, patternBytes } from '../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../src/zpool/arena.ts';
import { compactablePages } from '../../../src/zpool/compact.ts';
import { SizeClasses } from '../../../src/zpool/size-class.ts';
import { Zsmalloc } from '../../../src/zpool/zsmalloc.ts';

interface Fixture {
  cells: ArrayCells;
  zpool: Zsmalloc;
}

function storing(count: number, size: number): Fixture {
  const cells = new ArrayCells();
  const zpool = new Zsmalloc(new Arena(), cells);
  for (let handle = 1; handle <= count; handle++) {
    assert.equal(zpool.malloc(handle, size), OK);
    zpool.write(handle, patternBytes(size, handle));
  }
  return { cells, zpool };
}

describe('compactablePages', () => {
  it('counts whole zspages of free slots', () => {
    const sizeClass = new SizeClasses().of(1400);
    assert.equal(compactablePages(sizeClass, 46, 23), 8);
    assert.equal(compactablePages(sizeClass, 46, 24), 0);
    assert.equal(compactablePages(sizeClass, 230, 40), 64);
  });
});

describe('compaction', () => {
  it('packs the objects that are left into as few zspages as hold them', () => {
    const { zpool } = storing(230, 1400);
    for (let handle = 1; handle <= 230; handle++) if (handle % 5 !== 0) zpool.free(handle);
    assert.equal(zpool.totalPages, 80);
    // 46 objects of 23 a zspage: all that is left fits two.
    assert.equal(zpool.compact(1000), 64);
    assert.equal(zpool.totalPages, 16);
    assert.equal(zpool.pagesCompacted, 64);
    for (let handle = 5; handle <= 230; handle += 5) {
      assertObject(zpool, handle, patternBytes(1400, handle));
    }
    assert.equal(zpool.compact(1000), 0);
  });

  it('empties the emptiest zspage into the fullest', () => {
    const { cells, zpool } = storing(12, 1000);
    // In use: 3, 1 and 2 of four.
    for (const handle of [4, 5, 6, 7, 9, 10]) zpool.free(handle);
    const before = [1, 11].map((handle) => cells.location(handle) >>> 8);
    assert.equal(zpool.compact(1), 1);
    assert.equal(cells.location(8) >>> 8, before[0]);
    assert.equal(cells.location(11) >>> 8, before[1]);
  });

  it('begins with the largest class', () => {
    const { zpool } = storing(8, 1000);
    for (let handle = 101; handle <= 106; handle++) assert.equal(zpool.malloc(handle, 1300), OK);
    for (const handle of [1, 2, 5, 6, 101, 102, 104]) zpool.free(handle);
    assert.equal(zpool.compact(1), 1);
    assert.deepEqual(
      zpool.classStats().map((line) => [line.size, line.pagesUsed]),
      [
        [1024, 2],
        [1360, 1],
      ],
    );
    assert.equal(zpool.compact(1), 1);
    assert.equal(zpool.totalPages, 2);
  });

  it('finishes a zspage it has begun, whatever the budget', () => {
    const { zpool } = storing(512, 24 + 16);
    for (let handle = 1; handle <= 512; handle++) if (handle % 2 === 0) zpool.free(handle);
    const pages = zpool.totalPages;
    const freed = zpool.compact(1);
    assert.ok(freed > 0);
    assert.equal(zpool.totalPages, pages - freed);
  });

  it('spends nothing of a budget of 0', () => {
    const { zpool } = storing(8, 1000);
    for (const handle of [1, 2, 5, 6]) zpool.free(handle);
    assert.equal(zpool.compact(0), 0);
    assert.equal(zpool.totalPages, 2);
  });
});
