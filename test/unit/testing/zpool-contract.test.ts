/** Goal: the contract is able to fail. Method: allocators that break it in one way each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENOSPC, OK } from '../../../src/std/errno.ts';
import { zpoolContract } from '../../../src/testing/zpool-contract.ts';
import type { HandleCells, Zpool, ZpoolStatus } from '../../../src/zpool/zpool.ts';
import { Zsmalloc } from '../../../src/zpool/zsmalloc.ts';

/** The names of the contract's tests that fail. */
function failures(create: (inner: Zpool, cells: HandleCells) => Zpool): string[] {
  const failed: string[] = [];
  zpoolContract({
    name: 'broken',
    test: (name, body) => {
      try {
        body();
      } catch {
        failed.push(name.replace('broken: ', ''));
      }
    },
    create: (arena, cells) => create(new Zsmalloc(arena, cells), cells),
    sizeMax: 4096,
  });
  return failed;
}

class Wrapped implements Zpool {
  readonly name = 'broken';
  readonly inner: Zpool;

  constructor(inner: Zpool) {
    this.inner = inner;
  }

  get totalPages(): number {
    return this.inner.totalPages;
  }

  get metadataBytes(): number {
    return this.inner.metadataBytes;
  }

  malloc(handle: number, size: number, tag?: number): ZpoolStatus {
    return this.inner.malloc(handle, size, tag);
  }

  tag(handle: number): number {
    return this.inner.tag(handle);
  }

  free(handle: number): number {
    return this.inner.free(handle);
  }

  write(handle: number, source: Uint8Array): void {
    this.inner.write(handle, source);
  }

  read(handle: number, size: number, target: Uint8Array, targetOffset: number): void {
    this.inner.read(handle, size, target, targetOffset);
  }

  compact(moveBudget: number): number {
    return this.inner.compact(moveBudget);
  }
}

describe('zpoolContract', () => {
  it('passes an allocator that is right', () => {
    assert.deepEqual(
      failures((inner) => new Wrapped(inner)),
      [],
    );
  });

  it('catches a lost last byte', () => {
    const failed = failures((inner) => {
      const zpool = new Wrapped(inner);
      zpool.write = (handle, source) => inner.write(handle, source.subarray(0, -1));
      return zpool;
    });
    assert.ok(failed.includes('returns what was written, for every size'));
  });

  it('catches reading past the rounded end', () => {
    const failed = failures((inner) => {
      const zpool = new Wrapped(inner);
      zpool.read = (handle, size, target, at) => {
        inner.read(handle, size, target, at);
        const end = at + Math.ceil(size / 1024) * 1024;
        if (end < target.length) target[end] = 0;
      };
      return zpool;
    });
    assert.deepEqual(failed, ['reads no further than the size rounded up to 1024 bytes']);
  });

  it('catches a tag that is lost when its object moves', () => {
    const failed = failures((inner, cells) => {
      const zpool = new Wrapped(inner);
      const places = new Map<number, number>();
      zpool.malloc = (handle, size, tag) => {
        const status = inner.malloc(handle, size, tag);
        if (status === OK) places.set(handle, cells.location(handle));
        return status;
      };
      zpool.tag = (handle) =>
        places.get(handle) === cells.location(handle) ? inner.tag(handle) : 0;
      return zpool;
    });
    assert.deepEqual(failed, [
      'keeps contents through frees and compaction',
      'shares an arena with another pool',
    ]);
  });

  it('catches a leak', () => {
    const failed = failures((inner) => {
      const zpool = new Wrapped(inner);
      zpool.free = (handle) => (handle === 77 ? inner.tag(handle) : inner.free(handle));
      return zpool;
    });
    assert.ok(failed.includes('holds nothing once everything is freed'));
  });

  it('catches compaction that does nothing, and compaction without end', () => {
    for (const gain of [0, 1]) {
      const failed = failures((inner) => {
        const zpool = new Wrapped(inner);
        zpool.compact = () => gain;
        return zpool;
      });
      assert.ok(failed.includes('empties the highest chunks by compaction'));
    }
  });

  it('catches a cell that is set although the allocation failed', () => {
    const failed = failures((inner, cells) => {
      const zpool = new Wrapped(inner);
      zpool.malloc = (handle, size, tag) => {
        const status = inner.malloc(handle, size, tag);
        if (status !== OK) cells.setLocation(handle, 1);
        return status;
      };
      return zpool;
    });
    assert.deepEqual(failed, [
      'refuses sizes it can never hold and leaves the cell alone',
      "answers ENOMEM at the arena's limit and goes on when there is room",
    ]);
  });

  it('catches a size that should fit and does not', () => {
    const failed = failures((inner) => {
      const zpool = new Wrapped(inner);
      zpool.malloc = (handle, size, tag) =>
        size === 4096 ? ENOSPC : inner.malloc(handle, size, tag);
      return zpool;
    });
    assert.ok(failed.includes('returns what was written, for every size'));
  });
});
