import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENOMEM, ENOSPC, OK } from '../../../../src/std/errno.ts';
import { ArrayCells } from '../../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../../src/zpool/arena.ts';
import { Zbud } from '../../../../src/zpool/buddy/zbud.ts';

function fixture(pageLimit = 1000): { cells: ArrayCells; zpool: Zbud } {
  const cells = new ArrayCells();
  return { cells, zpool: new Zbud(new Arena({ pageLimit }), cells) };
}

describe('Zbud', () => {
  it('takes at most 3968 bytes', () => {
    const { zpool } = fixture();
    assert.equal(zpool.malloc(1, 3968), OK);
    assert.equal(zpool.malloc(2, 3969), ENOSPC);
    assert.equal(zpool.malloc(2, 4096), ENOSPC);
  });

  it('holds as many objects a page as published', () => {
    for (const [size, pages] of [
      [64, 10],
      [500, 10],
      [1000, 10],
      [1300, 10],
      [1400, 10],
      [1984, 10],
      [2000, 20],
      [2048, 20],
      [3000, 20],
      [3600, 20],
      [3700, 20],
    ] as const) {
      const { zpool } = fixture();
      for (let handle = 1; handle <= 20; handle++) assert.equal(zpool.malloc(handle, size), OK);
      assert.equal(zpool.totalPages, pages, `${size} bytes`);
    }
  });

  it('lets two objects share a page exactly if their chunks fit', () => {
    for (let first = 1; first <= 62; first++) {
      for (const [second, pages] of [
        [63 - first, 1],
        [64 - first, 2],
      ] as const) {
        if (second > 62 || second < 1) continue;
        const { zpool } = fixture();
        zpool.malloc(1, first * 64);
        zpool.malloc(2, second * 64);
        assert.equal(zpool.totalPages, pages, `${first} and ${second} chunks`);
      }
    }
  });

  it('takes the page with the least room that is enough', () => {
    const { zpool, cells } = fixture();
    zpool.malloc(1, 40 * 64);
    zpool.malloc(2, 50 * 64);
    zpool.malloc(3, 45 * 64);
    zpool.malloc(4, 15 * 64);
    assert.equal(cells.location(4) >>> 8, cells.location(3) >>> 8);
    zpool.malloc(5, 15 * 64);
    assert.equal(cells.location(5) >>> 8, cells.location(1) >>> 8);
    assert.equal(zpool.totalPages, 3);
  });

  it('uses the place of a freed buddy again, on either side', () => {
    const { zpool, cells } = fixture();
    zpool.malloc(1, 1900);
    zpool.malloc(2, 1900);
    for (const handle of [1, 2]) {
      const location = cells.location(handle);
      zpool.free(handle);
      assert.equal(zpool.malloc(handle, 1900), OK);
      assert.equal(cells.location(handle), location);
    }
    assert.equal(zpool.totalPages, 1);
  });

  it('notices a double free', () => {
    const { zpool } = fixture();
    zpool.malloc(1, 100);
    zpool.malloc(2, 100);
    zpool.free(1);
    assert.throws(() => zpool.free(1), { name: 'InvariantError' });
  });

  it('answers ENOMEM without a page to share', () => {
    const { zpool } = fixture(1);
    assert.equal(zpool.malloc(1, 3000), OK);
    assert.equal(zpool.malloc(2, 1100), ENOMEM);
    assert.equal(zpool.malloc(2, 900), OK);
  });
});
