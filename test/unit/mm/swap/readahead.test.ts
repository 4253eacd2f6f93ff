/** Method: examples computed by hand, and for the bounds of windows random faults. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ClusterReadahead,
  PAGE_CLUSTER_DEFAULT,
  RegionReadahead,
  windowPages,
} from '../../../../src/mm/swap/readahead.ts';

function sizeOf(previousPage: number, page: number, hits: number, max: number, last: number) {
  return windowPages({ previousPage, hits, window: last }, page, max);
}

/** Sets what is known of the faults before. */
function after<T extends ClusterReadahead | RegionReadahead>(
  readahead: T,
  previousPage: number,
  hits: number,
  window: number,
): T {
  return Object.assign(readahead, { previousPage, hits, window });
}

describe('windowPages', () => {
  it('is one page without hits, or two next to the fault before', () => {
    assert.equal(sizeOf(100, 200, 0, 8, 0), 1);
    assert.equal(sizeOf(100, 100, 0, 8, 0), 1);
    assert.equal(sizeOf(100, 101, 0, 8, 0), 2);
    assert.equal(sizeOf(100, 99, 0, 8, 0), 2);
    assert.equal(sizeOf(100, 102, 0, 8, 0), 1);
  });

  it('is the power of two from 4 on that holds two more than the hits', () => {
    const sizes = [1, 2, 3, 6, 7, 14, 15, 30].map((hits) => sizeOf(0, 50, hits, 1024, 0));
    assert.deepEqual(sizes, [4, 4, 8, 8, 16, 16, 32, 32]);
  });

  it('is at most the maximum, and at least half of the one before', () => {
    assert.equal(sizeOf(0, 50, 30, 8, 0), 8);
    assert.equal(sizeOf(0, 50, 1, 2, 0), 2);
    assert.equal(sizeOf(0, 50, 0, 8, 8), 4);
    assert.equal(sizeOf(0, 50, 0, 8, 4), 2);
    assert.equal(sizeOf(0, 50, 0, 8, 3), 1);
    assert.equal(sizeOf(0, 50, 0, 8, 1), 1);
    // The maximum was lowered since: the window follows by halves.
    assert.equal(sizeOf(0, 50, 3, 2, 16), 8);
  });
});

describe('ClusterReadahead', () => {
  it('plans the aligned block of slots around the fault', () => {
    const readahead = new ClusterReadahead();
    readahead.plan(1237, 10_000, PAGE_CLUSTER_DEFAULT);
    assert.deepEqual([readahead.start, readahead.end], [1232, 1240]);
    readahead.plan(5, 10_000, PAGE_CLUSTER_DEFAULT);
    // No hits since: half the block, and then a quarter.
    assert.deepEqual([readahead.start, readahead.end], [4, 8]);
    readahead.plan(3, 10_000, PAGE_CLUSTER_DEFAULT);
    assert.deepEqual([readahead.start, readahead.end], [2, 4]);
    readahead.hit();
    readahead.hit();
    readahead.hit();
    readahead.plan(0, 10_000, PAGE_CLUSTER_DEFAULT);
    assert.deepEqual([readahead.start, readahead.end], [0, 8]);
  });

  it('compares with the last fault that had no hits', () => {
    const readahead = after(new ClusterReadahead(), 10, 0, 0);
    readahead.plan(40, 100, 3);
    assert.deepEqual([readahead.previousPage, readahead.window], [40, 1]);
    readahead.hit();
    readahead.plan(60, 100, 3);
    assert.deepEqual([readahead.previousPage, readahead.window], [40, 4]);
    after(readahead, 40, 0, 0).plan(41, 100, 3);
    assert.deepEqual([readahead.start, readahead.end], [40, 42]);
  });

  it('ends with the area', () => {
    const readahead = new ClusterReadahead();
    readahead.plan(1001, 1003, 5);
    assert.deepEqual([readahead.start, readahead.end], [1000, 1003]);
  });

  it('plans the page alone when told to', () => {
    const readahead = new ClusterReadahead();
    readahead.plan(77, 100, 0);
    assert.deepEqual([readahead.start, readahead.end], [77, 78]);
    assert.equal(readahead.hits, 4, 'what is known stays for when it is turned on');
  });
});

describe('RegionReadahead', () => {
  it('plans ahead of faults that go up', () => {
    const readahead = after(new RegionReadahead(), 99, 3, 0);
    readahead.plan(100, 4096, 3);
    assert.deepEqual([readahead.start, readahead.end], [100, 108]);
  });

  it('plans behind faults that go down', () => {
    const readahead = after(new RegionReadahead(), 101, 3, 0);
    readahead.plan(100, 4096, 3);
    assert.deepEqual([readahead.start, readahead.end], [93, 101]);
  });

  it('plans around other faults, with the odd page after', () => {
    const readahead = new RegionReadahead();
    readahead.plan(100, 4096, 3);
    assert.deepEqual([readahead.start, readahead.end], [97, 105]);
    readahead.plan(200, 4096, 3);
    assert.deepEqual([readahead.start, readahead.end], [199, 203]);
    readahead.plan(300, 4096, 3);
    assert.deepEqual([readahead.start, readahead.end], [300, 302]);
    readahead.plan(400, 4096, 3);
    assert.deepEqual([readahead.start, readahead.end], [400, 401]);
  });

  it('stays within the region and the page table of the fault', () => {
    const readahead = after(new RegionReadahead(), 0, 30, 0);
    readahead.plan(5, 4096, 5);
    assert.deepEqual([readahead.start, readahead.end], [0, 22]);
    after(readahead, 0, 30, 0).plan(515, 4096, 5);
    assert.deepEqual([readahead.start, readahead.end], [512, 532]);
    after(readahead, 0, 30, 0).plan(1020, 4096, 5);
    assert.deepEqual([readahead.start, readahead.end], [1005, 1024]);
    after(readahead, 0, 30, 0).plan(1020, 1022, 5);
    assert.deepEqual([readahead.start, readahead.end], [1005, 1022]);
  });

  it('has 32 pages at most', () => {
    const readahead = after(new RegionReadahead(), 99, 63, 0);
    readahead.plan(100, 4096, 9);
    assert.deepEqual([readahead.start, readahead.end], [100, 132]);
  });

  it('grows with the pages read ahead that are used, and follows the fault', () => {
    const readahead = after(new RegionReadahead(), 9, 0, 0);
    readahead.plan(10, 4096, 5);
    assert.deepEqual([readahead.start, readahead.end], [10, 12]);
    readahead.found(11, true);
    readahead.plan(12, 4096, 5);
    assert.deepEqual([readahead.start, readahead.end], [12, 16]);
    for (const page of [13, 14, 15]) readahead.found(page, true);
    readahead.plan(16, 4096, 5);
    assert.deepEqual([readahead.start, readahead.end], [16, 24]);
    readahead.found(40, false);
    assert.equal(readahead.hits, 0);
    for (let i = 0; i < 100; i += 1) readahead.found(40, true);
    assert.equal(readahead.hits, 63);
    readahead.plan(41, 4096, 0);
    assert.deepEqual([readahead.start, readahead.end], [41, 42]);
  });
});

describe('A window', () => {
  it('always holds the page, and never more than the maximum or the half of the last', () => {
    const fault = fc.tuple(fc.nat(1999), fc.nat(6), fc.nat(9), fc.boolean());
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 50 }), (faults) => {
        for (const readahead of [new ClusterReadahead(), new RegionReadahead()]) {
          for (const [page, pageCluster, hits, near] of faults) {
            const at = near ? Math.min(readahead.previousPage + 1, 1999) : page;
            const most = Math.max(2 ** pageCluster, readahead.window >>> 1);
            readahead.plan(at, 2000, pageCluster);
            assert.ok(readahead.start >= 0 && readahead.start <= at);
            assert.ok(readahead.end > at && readahead.end <= 2000);
            assert.ok(readahead.end - readahead.start <= most);
            for (let i = 0; i < hits; i += 1) {
              if (readahead instanceof RegionReadahead) readahead.found(at, true);
              else readahead.hit();
            }
          }
        }
      }),
    );
  });
});
