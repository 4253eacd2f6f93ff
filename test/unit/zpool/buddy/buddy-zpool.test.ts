/** Goal: what zbud and z3fold do alike holds for each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EINVAL, ENOMEM, OK } from '../../../../src/std/errno.ts';
import { ArrayCells } from '../../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../../src/zpool/arena.ts';
import { locationPage } from '../../../../src/zpool/buddy/buddy-pages.ts';
import { Z3fold } from '../../../../src/zpool/buddy/z3fold.ts';
import { Zbud } from '../../../../src/zpool/buddy/zbud.ts';

for (const Allocator of [Zbud, Z3fold]) {
  describe(`${Allocator.name}, as a buddy allocator`, () => {
    it('puts an object in the page with the least room that is enough', () => {
      const cells = new ArrayCells();
      const zpool = new Allocator(new Arena({ pageLimit: 100 }), cells);
      const page = (handle: number): number => locationPage(cells.location(handle));
      // Large enough that no two of them share a page: 13, 23 and 3 chunks stay free.
      for (const [handle, chunks] of [50, 40, 60].entries()) zpool.malloc(handle + 1, chunks * 64);
      assert.equal(zpool.totalPages, 3);
      zpool.malloc(4, 10 * 64);
      assert.equal(page(4), page(1));
      zpool.malloc(5, 20 * 64);
      assert.equal(page(5), page(2));
      zpool.malloc(6, 3 * 64);
      assert.equal(zpool.totalPages, 3);
    });

    it('refuses what is no size, and says when there is no memory', () => {
      const zpool = new Allocator(new Arena({ pageLimit: 1 }), new ArrayCells());
      assert.equal(zpool.malloc(1, 0), EINVAL);
      assert.equal(zpool.malloc(1, 3000), OK);
      assert.equal(zpool.malloc(2, 3000), ENOMEM);
      zpool.free(1);
      assert.equal(zpool.totalPages, 0);
      assert.equal(zpool.malloc(2, 3000), OK);
    });
  });
}
