/** Method: random settings against a map, and the ends of what entries and tables can name. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  PageTable,
  PTE_NONE,
  PTE_SLOT_END,
  presentPte,
  pteIsPresent,
  pteIsSwap,
  pteIsWritable,
  ptePfn,
  pteSlot,
  swapPte,
} from '../../../src/mm/page-table.ts';
import type { Pfn } from '../../../src/page/frames.ts';
import type { SwapSlot } from '../../../src/swap/table.ts';

const pfn = (number: number): Pfn => number as Pfn;
const slot = (number: number): SwapSlot => number as SwapSlot;

describe('a page table entry', () => {
  it('names a frame and says whether it may be written to', () => {
    for (const number of [1, 512, 2 ** 28 - 1]) {
      for (const writable of [true, false]) {
        const pte = presentPte(pfn(number), writable);
        assert.equal(ptePfn(pte), number);
        assert.equal(pteIsPresent(pte), true);
        assert.equal(pteIsSwap(pte), false);
        assert.equal(pteIsWritable(pte), writable);
      }
    }
  });

  it('names a slot, slot 0 and the last included', () => {
    for (const number of [0, 1, PTE_SLOT_END - 1]) {
      const pte = swapPte(slot(number));
      assert.equal(pteSlot(pte), number);
      assert.equal(pteIsSwap(pte), true);
      assert.equal(pteIsPresent(pte), false);
      assert.equal(pteIsWritable(pte), false);
    }
  });

  it('is neither where nothing is mapped', () => {
    assert.equal(pteIsPresent(PTE_NONE) || pteIsSwap(PTE_NONE) || pteIsWritable(PTE_NONE), false);
    assert.throws(() => ptePfn(PTE_NONE));
    assert.throws(() => pteSlot(PTE_NONE));
  });

  it('refuses what it cannot name', () => {
    assert.throws(() => presentPte(pfn(0), false));
    assert.throws(() => presentPte(pfn(2 ** 28), false));
    assert.throws(() => swapPte(slot(PTE_SLOT_END)));
  });
});

describe('PageTable', () => {
  it('holds what was set last, and finds the next entry that is not none', () => {
    const place = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1000, max: 9000 }));
    const moves = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 3 })), { maxLength: 60 });
    fc.assert(
      fc.property(moves, place, place, (sets, from, end) => {
        const table = new PageTable();
        const model = new Map<number, number>();
        for (const [index, value] of sets) {
          const pte = value === 0 ? PTE_NONE : presentPte(pfn(value), false);
          table.set(index, pte);
          model.set(index, pte);
        }
        for (const [index, pte] of model) assert.equal(table.get(index), pte);
        let next = from;
        while (next < end && (model.get(next) ?? PTE_NONE) === PTE_NONE) next += 1;
        assert.equal(table.next(from, end), Math.max(from < end ? next : end, 0));
      }),
    );
  });

  it('takes memory for what is mapped, and gives it back', () => {
    const table = new PageTable();
    assert.equal(table.metadataBytes, 0);
    table.set(5, PTE_NONE);
    assert.equal(table.metadataBytes, 0);
    table.set(5, presentPte(pfn(1), false));
    const one = table.metadataBytes;
    assert.ok(one > 4096 && one < 4500);
    for (let index = 0; index < 1024; index += 1) table.set(index, swapPte(slot(index)));
    assert.equal(table.metadataBytes, one);
    for (let index = 0; index < 1024; index += 1) table.set(index, PTE_NONE);
    assert.ok(table.metadataBytes < 64);
  });

  it('reaches the last page of the largest region', () => {
    const table = new PageTable();
    const last = 2 ** 32 - 2;
    table.set(last, swapPte(slot(7)));
    assert.equal(table.get(last), swapPte(slot(7)));
    assert.equal(table.get(last - 1), PTE_NONE);
    assert.equal(table.next(0, last + 1), last);
    table.set(last, PTE_NONE);
    assert.equal(table.next(0, last + 1), last + 1);
  });
});
