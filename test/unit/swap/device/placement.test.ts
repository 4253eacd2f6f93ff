/**
 * Behaviour of the allocator in small scenes, then random allocations and frees against a model
 * that is a plain set of used pages.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';

import {
  CLUSTER_PAGES,
  DevicePages,
  NO_DEVICE_PAGE,
} from '../../../../src/swap/device/placement.ts';

function fill(pages: DevicePages): void {
  while (pages.allocateRun(CLUSTER_PAGES) !== NO_DEVICE_PAGE);
}

function freeRange(pages: DevicePages, first: number, count: number): void {
  for (let page = first; page < first + count; page++) pages.free(page);
}

describe('DevicePages', () => {
  it('hands out consecutive runs from the start of the device', () => {
    const pages = new DevicePages(10_000);
    for (let batch = 0; batch < 16; batch++) {
      assert.equal(pages.allocateRun(32), batch * 32);
      assert.equal(pages.runLength, 32);
    }
    assert.equal(pages.allocateRun(32), CLUSTER_PAGES);
    assert.equal(pages.usedPages, 17 * 32);
  });

  it('ends a run at the border of a cluster', () => {
    const pages = new DevicePages(10_000);
    pages.allocateRun(500);
    assert.equal(pages.allocateRun(32), 500);
    assert.equal(pages.runLength, 12);
  });

  it('leaves a cluster with only short runs for one that has longer ones', () => {
    const pages = new DevicePages(10_000);
    pages.allocateRun(509);
    assert.equal(pages.allocateRun(32), CLUSTER_PAGES);
    assert.equal(pages.runLength, 32);
  });

  it('says that a full device is full, and goes on after a free', () => {
    const pages = new DevicePages(700);
    fill(pages);
    assert.equal(pages.usedPages, 700);
    assert.equal(pages.allocateRun(1), NO_DEVICE_PAGE);
    assert.equal(pages.runLength, 0);
    pages.free(123);
    assert.equal(pages.allocateRun(8), 123);
    assert.equal(pages.runLength, 1);
  });

  it('reuses the lowest wholly free cluster before pages never used', () => {
    const pages = new DevicePages(100 * CLUSTER_PAGES);
    for (let cluster = 0; cluster < 6; cluster++) pages.allocateRun(CLUSTER_PAGES);
    freeRange(pages, 3 * CLUSTER_PAGES, CLUSTER_PAGES);
    freeRange(pages, CLUSTER_PAGES, CLUSTER_PAGES);
    assert.equal(pages.allocateRun(CLUSTER_PAGES), CLUSTER_PAGES);
    assert.equal(pages.allocateRun(CLUSTER_PAGES), 3 * CLUSTER_PAGES);
    assert.equal(pages.touchedPages, 6 * CLUSTER_PAGES);
  });

  it('reuses a half free cluster before pages never used, and a crowded one after', () => {
    const pages = new DevicePages(100 * CLUSTER_PAGES);
    for (let cluster = 0; cluster < 4; cluster++) pages.allocateRun(CLUSTER_PAGES);
    freeRange(pages, 0, 16);
    assert.equal(pages.allocateRun(32), 4 * CLUSTER_PAGES);
    pages.allocateRun(CLUSTER_PAGES);
    freeRange(pages, CLUSTER_PAGES + 100, 300);
    assert.equal(pages.allocateRun(32), CLUSTER_PAGES + 100);
  });

  it('takes the longest run where none is long enough', () => {
    const pages = new DevicePages(CLUSTER_PAGES);
    fill(pages);
    freeRange(pages, 10, 3);
    freeRange(pages, 200, 9);
    freeRange(pages, 300, 5);
    assert.equal(pages.allocateRun(32), 200);
    assert.equal(pages.runLength, 9);
    assert.equal(pages.allocateRun(4), 300);
    assert.equal(pages.runLength, 4);
  });

  it('starts again at the front of the current cluster once all of it is free', () => {
    const pages = new DevicePages(10_000);
    pages.allocateRun(100);
    freeRange(pages, 0, 100);
    assert.equal(pages.allocateRun(32), 0);
  });

  it('goes on behind the last run before it reuses what was freed in front of it', () => {
    const pages = new DevicePages(10_000);
    pages.allocateRun(100);
    freeRange(pages, 20, 40);
    assert.equal(pages.allocateRun(32), 100);
  });

  it('finds pages that have been written wherever they are free', () => {
    const pages = new DevicePages(100 * CLUSTER_PAGES);
    assert.equal(pages.hasStored(), false);
    assert.equal(pages.allocateStored(32), NO_DEVICE_PAGE);
    for (let cluster = 0; cluster < 4; cluster++) pages.allocateRun(CLUSTER_PAGES);
    for (let page = 0; page < 3 * CLUSTER_PAGES; page++) pages.setStored(page, true);
    assert.equal(pages.allocateStored(32), NO_DEVICE_PAGE);
    // In a crowded cluster, in one that is wholly free, and in one that was never written.
    freeRange(pages, 100, 5);
    freeRange(pages, CLUSTER_PAGES, CLUSTER_PAGES);
    freeRange(pages, 3 * CLUSTER_PAGES, CLUSTER_PAGES);
    assert.equal(pages.allocateStored(32), 100);
    assert.equal(pages.runLength, 5);
    assert.equal(pages.allocateStored(32), CLUSTER_PAGES);
    assert.equal(pages.runLength, 32);
    for (let page = CLUSTER_PAGES; page < 2 * CLUSTER_PAGES; page++) pages.setStored(page, false);
    assert.equal(pages.hasStored(), false);
    assert.equal(pages.allocateRun(32), CLUSTER_PAGES + 32);
  });

  it('refuses to free a page twice or one it never gave', () => {
    const pages = new DevicePages(2000);
    const page = pages.allocateRun(1);
    pages.free(page);
    assert.throws(() => pages.free(page), /not used/);
    assert.throws(() => pages.free(1500), /not used/);
  });

  it('refuses a page count that is none', () => {
    for (const count of [0, -1, 2.5, 2 ** 41])
      assert.throws(() => new DevicePages(count), RangeError);
  });

  it('addresses a device of many terabytes without metadata for what was never used', () => {
    const pages = new DevicePages(2 ** 36);
    assert.equal(pages.allocateRun(32), 0);
    assert.equal(pages.freePages, 2 ** 36 - 32);
  });
});

/**
 * A run of `count` pages, perhaps of stored ones, or the return of pages picked by `pick`, a share
 * of what is used.
 */
type Step =
  | { readonly verb: 'allocate'; readonly count: number }
  | { readonly verb: 'stored'; readonly count: number }
  | { readonly verb: 'free'; readonly pick: number; readonly count: number };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ verb: fc.constant('allocate'), count: fc.integer({ min: 1, max: 600 }) }),
  fc.record({ verb: fc.constant('stored'), count: fc.integer({ min: 1, max: 600 }) }),
  fc.record({
    verb: fc.constant('free'),
    pick: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    count: fc.integer({ min: 1, max: 700 }),
  }),
);

function checkAllocation(pages: DevicePages, used: Set<number>, count: number): void {
  const first = pages.allocateRun(count);
  if (used.size === pages.pageCount) {
    assert.equal(first, NO_DEVICE_PAGE);
    return;
  }
  const { runLength } = pages;
  assert.ok(first >= 0 && runLength >= 1 && runLength <= count);
  assert.ok(first + runLength <= pages.pageCount);
  assert.equal(
    Math.floor(first / CLUSTER_PAGES),
    Math.floor((first + runLength - 1) / CLUSTER_PAGES),
  );
  for (let page = first; page < first + runLength; page++) {
    assert.ok(!used.has(page), `page ${page} was handed out twice`);
    used.add(page);
  }
}

/** Takes a run of stored pages, or none where none of the model's is free. */
function checkStored(
  pages: DevicePages,
  used: Set<number>,
  stored: ReadonlySet<number>,
  count: number,
): void {
  const isThere = [...stored].some((page) => !used.has(page));
  assert.equal(pages.hasStored(), isThere);
  const first = pages.allocateStored(count);
  if (!isThere) {
    assert.equal(first, NO_DEVICE_PAGE);
    return;
  }
  assert.ok(pages.runLength >= 1 && pages.runLength <= count);
  for (let page = first; page < first + pages.runLength; page++) {
    assert.ok(stored.has(page) && !used.has(page), `page ${page} is used or has no storage`);
    used.add(page);
  }
}

/** Notes that two of three pages in use have been written. */
function store(pages: DevicePages, used: ReadonlySet<number>, stored: Set<number>): void {
  for (const page of used) {
    if (page % 3 === 0 || stored.has(page)) continue;
    pages.setStored(page, true);
    stored.add(page);
  }
}

describe('DevicePages against a model', () => {
  it('never hands out a used page, and fills the device to the last one', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 4000 }),
      fc.array(stepArbitrary, { maxLength: 80 }),
      (pageCount, steps) => {
        const pages = new DevicePages(pageCount);
        const used = new Set<number>();
        const stored = new Set<number>();
        for (const step of steps) {
          if (step.verb === 'allocate') {
            checkAllocation(pages, used, step.count);
            store(pages, used, stored);
          } else if (step.verb === 'stored') {
            checkStored(pages, used, stored, step.count);
          } else {
            const from = Math.floor(step.pick * used.size);
            for (const page of [...used].slice(from, from + step.count)) {
              pages.free(page);
              used.delete(page);
            }
          }
          assert.equal(pages.usedPages, used.size);
        }
        for (let page = 0; page < pageCount; page++)
          assert.equal(pages.isUsed(page), used.has(page));
        while (used.size < pageCount) checkAllocation(pages, used, 512);
        assert.equal(pages.allocateRun(1), NO_DEVICE_PAGE);
      },
    );
    fc.assert(property, { numRuns: 150 });
  });
});
