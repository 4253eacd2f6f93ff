import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENOMEM, OK } from '../../../../src/std/errno.ts';
import { ArrayCells, assertObject, patternBytes } from '../../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../../src/zpool/arena.ts';
import { FIRST, HEADLESS, LAST, MIDDLE } from '../../../../src/zpool/buddy/buddy-pages.ts';
import { Z3fold } from '../../../../src/zpool/buddy/z3fold.ts';

class Fixture {
  readonly arena: Arena;
  readonly cells = new ArrayCells();
  readonly zpool: Z3fold;
  readonly #chunks = new Map<number, number>();

  constructor(pageLimit = 1000) {
    this.arena = new Arena({ pageLimit });
    this.zpool = new Z3fold(this.arena, this.cells);
  }

  /** Stores an object of so many chunks. */
  store(handle: number, chunks: number): void {
    assert.equal(this.zpool.malloc(handle, chunks * 64), OK);
    this.zpool.write(handle, patternBytes(chunks * 64, handle));
    this.#chunks.set(handle, chunks);
  }

  free(handle: number): void {
    this.zpool.free(handle);
    this.#chunks.delete(handle);
  }

  buddy(handle: number): number {
    return this.cells.location(handle) & 0xff;
  }

  page(handle: number): number {
    return this.cells.location(handle) >>> 8;
  }

  checkAll(): void {
    for (const [handle, chunks] of this.#chunks) {
      assertObject(this.zpool, handle, patternBytes(chunks * 64, handle));
    }
  }
}

describe('Z3fold', () => {
  it('takes a whole page, without a header, above 3968 bytes', () => {
    const { zpool, cells } = new Fixture();
    zpool.malloc(1, 3968);
    zpool.malloc(2, 3969);
    zpool.malloc(3, 4096);
    assert.deepEqual(
      [1, 2, 3].map((handle) => cells.location(handle) & 0xff),
      [FIRST, HEADLESS, HEADLESS],
    );
    zpool.free(2);
    assert.equal(zpool.totalPages, 2);
  });

  it('holds as many objects a page as published', () => {
    for (const [size, perPage] of [
      [64, 3],
      [500, 3],
      [1000, 3],
      [1300, 3],
      [1400, 2],
      [1984, 2],
      [2000, 1],
      [2048, 1],
      [3000, 1],
      [3600, 1],
      [3700, 1],
      [4096, 1],
    ] as const) {
      const { zpool } = new Fixture();
      for (let handle = 1; handle <= 30; handle++) assert.equal(zpool.malloc(handle, size), OK);
      assert.equal(zpool.totalPages, 30 / perPage, `${size} bytes`);
    }
  });

  it('fills a page first, last, middle', () => {
    const fixture = new Fixture();
    for (const handle of [1, 2, 3]) fixture.store(handle, 21);
    assert.deepEqual(
      [1, 2, 3].map((handle) => fixture.buddy(handle)),
      [FIRST, LAST, MIDDLE],
    );
    assert.equal(fixture.zpool.totalPages, 1);
    fixture.checkAll();
  });

  it('slides a lone middle to the front when no other page has room', () => {
    const fixture = new Fixture();
    for (const handle of [1, 2, 3]) fixture.store(handle, 21);
    fixture.free(1);
    assert.equal(fixture.buddy(3), MIDDLE);
    fixture.free(2);
    assert.equal(fixture.buddy(3), FIRST);
    fixture.checkAll();
    fixture.store(4, 42);
    assert.equal(fixture.zpool.totalPages, 1);
    fixture.checkAll();
  });

  it('slides the middle against its neighbour if the gap is three chunks or more', () => {
    for (const [gap, chunks, pages] of [
      [2, 20, 1],
      [2, 21, 2],
      [3, 23, 1],
      [3, 24, 2],
    ] as const) {
      const fixture = new Fixture();
      fixture.store(1, 10);
      fixture.store(2, 20);
      fixture.store(3, 13);
      assert.equal(fixture.buddy(3), MIDDLE);
      // The middle slides right, against the last, and leaves 30 chunks before it.
      fixture.free(1);
      fixture.store(4, 30 - gap);
      assert.equal(fixture.buddy(4), FIRST);
      // 20 chunks after the middle, and those of the gap if it slides left.
      fixture.free(2);
      fixture.checkAll();
      fixture.store(5, chunks);
      assert.equal(fixture.zpool.totalPages, pages, `${chunks} chunks with a gap of ${gap}`);
      fixture.checkAll();
    }
  });

  it('moves a lone object to a page with room when its buddy is freed', () => {
    const fixture = new Fixture();
    fixture.store(1, 40);
    fixture.store(2, 23);
    fixture.store(3, 20);
    fixture.store(4, 30);
    assert.notEqual(fixture.page(3), fixture.page(1));
    fixture.free(2);
    assert.equal(fixture.zpool.totalPages, 2);
    fixture.free(4);
    assert.equal(fixture.page(3), fixture.page(1));
    assert.equal(fixture.zpool.totalPages, 1);
    fixture.checkAll();
  });

  it('finds the handle of a moved object when it moves again', () => {
    const fixture = new Fixture();
    for (let handle = 1; handle <= 60; handle++) fixture.store(handle, 5 + (handle % 17));
    for (let handle = 1; handle <= 60; handle++) {
      if (handle % 4 === 0) continue;
      fixture.free(handle);
      fixture.checkAll();
    }
    assert.ok(fixture.zpool.totalPages <= 8);
    for (let handle = 4; handle <= 60; handle += 4) fixture.free(handle);
    assert.equal(fixture.zpool.totalPages, 0);
  });

  it('notices a double free', () => {
    const fixture = new Fixture();
    fixture.store(1, 10);
    fixture.store(2, 10);
    fixture.free(1);
    assert.throws(() => fixture.zpool.free(1), { name: 'InvariantError' });
  });

  it('answers ENOMEM without a page to share', () => {
    const { zpool } = new Fixture(1);
    assert.equal(zpool.malloc(1, 3000), OK);
    assert.equal(zpool.malloc(2, 1100), ENOMEM);
    assert.equal(zpool.malloc(3, 4096), ENOMEM);
    assert.equal(zpool.malloc(2, 900), OK);
  });
});
