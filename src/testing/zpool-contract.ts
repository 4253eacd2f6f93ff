/**
 * What every allocator must do, as a suite that any implementation of {@link Zpool} can be put
 * through. It imports no test runner: the caller passes one in.
 */
import { assert, present } from '../std/assert.ts';
import { EINVAL, ENOMEM, ENOSPC, OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { Arena } from '../zpool/arena.ts';
import type { HandleCells, Zpool } from '../zpool/zpool.ts';

export interface ZpoolContractOptions {
  readonly name: string;
  /** Registers one test of a runner, such as `it` of node:test. */
  readonly test: (name: string, body: () => void) => unknown;
  readonly create: (arena: Arena, cells: HandleCells) => Zpool;
  /** Largest object that the allocator takes. */
  readonly sizeMax: number;
}

/** Cells in a growing array, as the simplest caller keeps them. */
export class ArrayCells implements HandleCells {
  readonly #locations: number[] = [];

  location(handle: number): number {
    return present(this.#locations[handle]);
  }

  setLocation(handle: number, location: number): void {
    assert(location >= 0 && location < 2 ** 32);
    this.#locations[handle] = location;
  }

  has(handle: number): boolean {
    return this.#locations[handle] !== undefined;
  }
}

/** `size` bytes that differ with `seed` and with their place, so that a shifted copy shows. */
export function patternBytes(size: number, seed: number): Uint8Array {
  let state = Math.imul(seed + 1, 2654435761);
  return new Uint8Array(size).map(() => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return state >>> 24;
  });
}

/** Throws unless the object of `handle` begins with the bytes `expected`. */
export function assertObject(zpool: Zpool, handle: number, expected: Uint8Array): void {
  const target = new Uint8Array(2 * PAGE_SIZE);
  zpool.read(handle, expected.length, target, 0);
  for (let at = 0; at < expected.length; at++) {
    assert(target[at] === expected[at], `object ${handle} differs at byte ${at}`);
  }
}

const CHUNK_PAGES = 16;
const CHUNK_BYTES = CHUNK_PAGES * PAGE_SIZE;
const UNTOUCHED = 0xaa;
/** Uses all bits of a tag. */
const tagFor = (handle: number): number => 2 ** 32 - handle;

class Fixture {
  readonly arena: Arena;
  readonly cells = new ArrayCells();
  readonly zpool: Zpool;

  constructor(options: ZpoolContractOptions, pageLimit = 5000) {
    this.arena = new Arena({ chunkBytes: CHUNK_BYTES, pageLimit });
    this.zpool = options.create(this.arena, this.cells);
  }

  /** Stores the handle's pattern of `size` bytes; returns false if there is no memory. */
  store(handle: number, size: number): boolean {
    const status = this.zpool.malloc(handle, size, tagFor(handle));
    if (status === ENOMEM) return false;
    assert(status === OK, `malloc of ${size} bytes returned ${status}`);
    this.zpool.write(handle, patternBytes(size, handle));
    return true;
  }

  check(handle: number, size: number): void {
    assertObject(this.zpool, handle, patternBytes(size, handle));
    assert(this.zpool.tag(handle) === tagFor(handle), `object ${handle} has another's tag`);
  }

  /** Compacts until nothing is gained, which must come to an end. */
  compactFully(): void {
    for (let calls = 0; this.zpool.compact(64) > 0; calls++) assert(calls < 1000);
  }
}

/** Registers the contract's tests for one allocator. */
export function zpoolContract(options: ZpoolContractOptions): void {
  contentTests(options);
  outcomeTests(options);
  memoryTests(options);
}

function contentTests(options: ZpoolContractOptions): void {
  const { name, test, sizeMax } = options;

  test(`${name}: returns what was written, for every size`, () => {
    const fixture = new Fixture(options);
    for (let size = 1; size <= sizeMax; size++) {
      fixture.store(1, size);
      fixture.check(1, size);
      fixture.zpool.free(1);
    }
  });

  test(`${name}: keeps objects of all sizes apart`, () => {
    const fixture = new Fixture(options);
    const sizes = Array.from({ length: 300 }, (_, at) => 1 + ((at * 977) % sizeMax));
    sizes.forEach((size, at) => fixture.store(at + 1, size));
    sizes.forEach((size, at) => fixture.check(at + 1, size));
  });

  test(`${name}: overwrites an object in place`, () => {
    const fixture = new Fixture(options);
    for (const handle of [1, 2, 3]) fixture.store(handle, 1300);
    const location = fixture.cells.location(2);
    const bytes = patternBytes(1300, 77);
    fixture.zpool.write(2, bytes);
    assert(fixture.cells.location(2) === location);
    assertObject(fixture.zpool, 2, bytes);
    fixture.check(1, 1300);
    fixture.check(3, 1300);
  });

  test(`${name}: reads no further than the size rounded up to 1024 bytes`, () => {
    const fixture = new Fixture(options);
    const sizes = [1, 256, 1023, 1024, 1025, 1300, 1400, 1408, 2048, 3000, 3648, sizeMax];
    const target = new Uint8Array(3 * PAGE_SIZE);
    // Several of each, so that some straddle the frames that the allocator chains.
    sizes.forEach((size, at) => {
      for (let copy = 0; copy < 10; copy++) {
        const handle = at * 10 + copy + 1;
        fixture.store(handle, size);
        target.fill(UNTOUCHED);
        fixture.zpool.read(handle, size, target, PAGE_SIZE);
        const end = PAGE_SIZE + Math.ceil(size / 1024) * 1024;
        assert(target.subarray(0, PAGE_SIZE).every((byte) => byte === UNTOUCHED));
        assert(
          target.subarray(end).every((byte) => byte === UNTOUCHED),
          `size ${size}`,
        );
      }
    });
  });

  test(`${name}: keeps contents through frees and compaction`, () => {
    const fixture = new Fixture(options);
    const size = (handle: number): number => 1 + ((handle * 611) % sizeMax);
    for (let handle = 1; handle <= 400; handle++) fixture.store(handle, size(handle));
    for (let handle = 1; handle <= 400; handle++) if (handle % 4 !== 0) fixture.zpool.free(handle);
    const pages = fixture.zpool.totalPages;
    fixture.compactFully();
    assert(fixture.zpool.totalPages <= pages);
    for (let handle = 4; handle <= 400; handle += 4) fixture.check(handle, size(handle));
  });
}

function outcomeTests(options: ZpoolContractOptions): void {
  const { name, test, sizeMax } = options;

  test(`${name}: refuses sizes it can never hold and leaves the cell alone`, () => {
    const { zpool, cells } = new Fixture(options);
    assert(zpool.malloc(1, 0) === EINVAL);
    assert(zpool.malloc(1, sizeMax + 1) === ENOSPC);
    assert(zpool.malloc(1, PAGE_SIZE + 1) === ENOSPC);
    assert(!cells.has(1) && zpool.totalPages === 0);
  });

  test(`${name}: answers ENOMEM at the arena's limit and goes on when there is room`, () => {
    const fixture = new Fixture(options, 20);
    let handle = 1;
    while (fixture.store(handle, 2500)) handle++;
    assert(handle > 8 && !fixture.cells.has(handle));
    assert(fixture.zpool.totalPages <= 20 && fixture.arena.pagesUsed === fixture.zpool.totalPages);
    for (let freed = 1; freed < handle; freed++) fixture.zpool.free(freed);
    assert(fixture.zpool.totalPages === 0);
    assert(fixture.store(handle, 2500));
    fixture.check(handle, 2500);
  });
}

function memoryTests(options: ZpoolContractOptions): void {
  const { name, test } = options;

  test(`${name}: holds nothing once everything is freed`, () => {
    const fixture = new Fixture(options);
    for (let handle = 1; handle <= 500; handle++) fixture.store(handle, 1 + ((handle * 7) % 3000));
    const peak = fixture.zpool.metadataBytes;
    for (let handle = 1; handle <= 500; handle++) {
      assert(fixture.zpool.free(handle) === tagFor(handle));
    }
    assert(fixture.zpool.totalPages === 0 && fixture.arena.pagesUsed === 0);
    assert(fixture.arena.residentBytes <= CHUNK_BYTES);
    assert(fixture.zpool.metadataBytes <= peak);
    assert(fixture.zpool.compact(1) === 0);
    assert(fixture.arena.residentBytes === 0);
  });

  test(`${name}: empties the highest chunks by compaction`, () => {
    const fixture = new Fixture(options);
    for (let handle = 1; handle <= 100; handle++) fixture.store(handle, 3700);
    for (let handle = 1; handle <= 100; handle++) if (handle % 5 !== 0) fixture.zpool.free(handle);
    const before = fixture.arena.residentBytes;
    fixture.compactFully();
    assert(fixture.arena.residentBytes < before);
    assert(fixture.arena.residentBytes === 2 * CHUNK_BYTES);
    for (let handle = 5; handle <= 100; handle += 5) fixture.check(handle, 3700);
  });

  test(`${name}: shares an arena with another pool`, () => {
    const fixture = new Fixture(options);
    const cells = new ArrayCells();
    const other = options.create(fixture.arena, cells);
    for (let handle = 1; handle <= 100; handle++) {
      fixture.store(handle, 1500);
      assert(other.malloc(handle, 900) === OK);
      other.write(handle, patternBytes(900, handle + 1000));
    }
    assert(fixture.arena.pagesUsed === fixture.zpool.totalPages + other.totalPages);
    for (let handle = 1; handle <= 100; handle++) if (handle % 3 !== 0) fixture.zpool.free(handle);
    fixture.compactFully();
    for (let handle = 3; handle <= 100; handle += 3) fixture.check(handle, 1500);
    for (let handle = 1; handle <= 100; handle++) {
      assertObject(other, handle, patternBytes(900, handle + 1000));
      other.free(handle);
    }
    assert(other.totalPages === 0 && fixture.arena.pagesUsed === fixture.zpool.totalPages);
  });
}
