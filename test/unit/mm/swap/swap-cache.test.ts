/** Method: random additions and removals against a map, in clumps so that places collide. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CachedFolios } from '../../../../src/mm/swap/swap-cache.ts';
import { SLOT_END, type SwapSlot } from '../../../../src/swap/table.ts';

const slotOf = (number: number): SwapSlot => number as SwapSlot;

describe('CachedFolios', () => {
  it('finds the frame of each slot that was added and not removed', () => {
    const start = fc.constantFrom(0, 1, 100, 4096, 2 ** 20, 2 ** 31 - 3, 2 ** 31, SLOT_END - 3000);
    const step = fc.record({
      start,
      count: fc.constantFrom(1, 2, 16, 200, 3000),
      stride: fc.constantFrom(1, 1, 7),
      add: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        const folios = new CachedFolios();
        const model = new Map<number, number>();
        for (const { start: first, count, stride, add } of steps) {
          for (let i = 0; i < count; i += stride) {
            const slot = first + i;
            if (add && !model.has(slot)) {
              const pfn = 1 + ((slot * 13) % 2 ** 28);
              folios.add(slotOf(slot), pfn);
              model.set(slot, pfn);
            } else if (!add && model.delete(slot)) folios.delete(slotOf(slot));
          }
          assert.equal(folios.size, model.size);
        }
        for (const { start: first } of steps) {
          for (let i = 0; i <= 3000; i += 1) {
            const slot = first + i;
            assert.equal(folios.get(slotOf(slot)), model.get(slot) ?? 0);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('takes no more than 64 bytes a slot however many came and went, but for a little', () => {
    const folios = new CachedFolios();
    const least = folios.metadataBytes;
    assert.equal(least, 2048);
    const count = 100_000;
    for (let slot = 0; slot < count; slot += 1) {
      folios.add(slotOf(slot * 512), 1 + slot);
      assert.ok(folios.metadataBytes <= Math.max(least, folios.size * 22), `${folios.size}`);
    }
    for (let slot = 0; slot < count; slot += 1) {
      assert.equal(folios.get(slotOf(slot * 512)), 1 + slot);
      folios.delete(slotOf(slot * 512));
      assert.ok(folios.metadataBytes <= Math.max(least, folios.size * 64), `${folios.size}`);
    }
    assert.equal(folios.metadataBytes, least);
  });

  it('has one frame a slot', () => {
    const folios = new CachedFolios();
    folios.add(slotOf(0), 5);
    assert.equal(folios.get(slotOf(0)), 5);
    const broken = { name: 'InvariantError' };
    assert.throws(() => folios.add(slotOf(0), 6), broken);
    assert.throws(() => folios.add(slotOf(1), 0), broken);
    assert.throws(() => folios.delete(slotOf(1)), broken);
    folios.delete(slotOf(0));
    assert.equal(folios.get(slotOf(0)), 0);
    assert.equal(folios.size, 0);
  });
});
