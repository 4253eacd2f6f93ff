import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENOMEM, ENOSPC, OK } from '../../../src/std/errno.ts';
import { ArrayCells, assertObject, patternBytes } from '../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../src/zpool/arena.ts';
import { Zsmalloc } from '../../../src/zpool/zsmalloc.ts';

function fixture(pageLimit?: number): { arena: Arena; cells: ArrayCells; zpool: Zsmalloc } {
  const arena = new Arena(pageLimit === undefined ? {} : { pageLimit });
  const cells = new ArrayCells();
  return { arena, cells, zpool: new Zsmalloc(arena, cells) };
}

function store(zpool: Zsmalloc, handle: number, size: number): void {
  assert.equal(zpool.malloc(handle, size), OK);
  zpool.write(handle, patternBytes(size, handle));
}

describe('Zsmalloc', () => {
  it('puts the worked payloads into their classes', () => {
    const { zpool } = fixture();
    [24, 25, 3624, 3625, 4096].forEach((size, at) => store(zpool, at + 1, size));
    assert.equal(zpool.malloc(9, 4097), ENOSPC);
    assert.deepEqual(
      zpool.classStats().map((line) => [line.size, line.objsUsed]),
      [
        [32, 1],
        [48, 1],
        [3632, 1],
        [4096, 2],
      ],
    );
  });

  it('holds as many objects a page as published', () => {
    for (const [size, pages, objects] of [
      [64, 5, 256],
      [500, 1, 8],
      [1000, 1, 4],
      [1300, 1, 3],
      [1400, 8, 23],
      [1984, 1, 2],
      [2000, 1, 2],
      [2048, 8, 15],
      [3000, 3, 4],
      [3600, 8, 9],
      [3700, 1, 1],
      [4000, 1, 1],
    ] as const) {
      const { zpool } = fixture();
      for (let handle = 1; handle <= 10 * objects; handle++) store(zpool, handle, size);
      assert.equal(zpool.totalPages, 10 * pages, `${size} bytes`);
      store(zpool, 10 * objects + 1, size);
      assert.equal(zpool.totalPages, 11 * pages, `${size} bytes`);
    }
  });

  it('fills the fullest zspage that has room', () => {
    const { zpool, cells } = fixture();
    // Three zspages of four objects: 3, 1 and 2 in use.
    for (let handle = 1; handle <= 12; handle++) store(zpool, handle, 1000);
    for (const handle of [4, 5, 6, 7, 9, 10]) zpool.free(handle);
    const zspageOf = (handle: number): number => cells.location(handle) >>> 8;
    store(zpool, 20, 1000);
    assert.equal(zspageOf(20), zspageOf(1));
    store(zpool, 21, 1000);
    store(zpool, 22, 1000);
    assert.deepEqual([zspageOf(21), zspageOf(22)], [zspageOf(11), zspageOf(11)]);
    store(zpool, 23, 1000);
    assert.equal(zspageOf(23), zspageOf(8));
  });

  it('frees an empty zspage at once', () => {
    const { zpool } = fixture();
    for (let handle = 1; handle <= 24; handle++) store(zpool, handle, 1400);
    assert.equal(zpool.totalPages, 16);
    zpool.free(24);
    assert.equal(zpool.totalPages, 8);
  });

  it('leaves no trace of an allocation that failed', () => {
    const { arena, cells, zpool } = fixture(7);
    assert.equal(zpool.malloc(1, 1400), ENOMEM);
    assert.ok(!cells.has(1));
    assert.deepEqual([zpool.totalPages, arena.pagesUsed], [0, 0]);
    assert.deepEqual(zpool.classStats(), []);
    store(zpool, 1, 1300);
  });

  it('counts the slots of a class as the kernel does in debugfs', () => {
    const { zpool } = fixture();
    for (let handle = 1; handle <= 12; handle++) store(zpool, handle, 1000);
    for (const handle of [4, 5, 6, 7, 9, 10]) zpool.free(handle);
    const [line] = zpool.classStats();
    assert.deepEqual(line, {
      size: 1024,
      // 25, 50 and 75 per cent.
      zspages: [0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0],
      objsAllocated: 12,
      objsUsed: 6,
      pagesUsed: 3,
      pagesPerZspage: 1,
      freeable: 1,
    });
  });

  it('keeps nine bytes of tables for a page of objects at most', () => {
    const { arena, zpool } = fixture();
    for (let handle = 1; handle <= 23 * 2000; handle++)
      assert.equal(zpool.malloc(handle, 1400), OK);
    const bytes = zpool.metadataBytes + arena.metadataBytes;
    assert.ok(bytes / zpool.totalPages < 9);
  });

  it('moves its frames when another zpool of the arena is compacted', () => {
    const arena = new Arena({ chunkBytes: 4 * 4096 });
    const cells = new ArrayCells();
    const zpool = new Zsmalloc(arena, cells);
    const other = new Zsmalloc(arena, new ArrayCells());
    for (let handle = 1; handle <= 12; handle++) assert.equal(other.malloc(handle, 4096), OK);
    for (let handle = 1; handle <= 23; handle++) store(zpool, handle, 1400);
    for (let handle = 1; handle <= 11; handle++) other.free(handle);
    while (other.compact(2) > 0);
    // One frame of the other and eight of this one, three frames a chunk.
    assert.equal(arena.residentBytes, 3 * 4 * 4096);
    for (let handle = 1; handle <= 23; handle++) {
      assertObject(zpool, handle, patternBytes(1400, handle));
    }
  });
});
