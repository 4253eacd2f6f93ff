/**
 * Goal: the table says of each slot what was last said to it, counts what is not free, and steps
 * over what is. Method: random writes against a map, in slots at both ends of chunks and table.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SLOT_END, SwapTable, type SlotKind, type SwapSlot } from '../../../src/swap/table.ts';

const CHUNK_SLOTS = 2 ** 18;
const CHUNK_BYTES = CHUNK_SLOTS * 4;

const slotOf = (number: number): SwapSlot => number as SwapSlot;

function set(table: SwapTable, slot: SwapSlot, kind: SlotKind, payload: number): void {
  if (kind === 'free') table.setFree(slot);
  else if (kind === 'zero') table.setZero(slot);
  else if (kind === 'entry') table.setEntry(slot, payload);
  else table.setDevice(slot, payload);
}

describe('SwapTable', () => {
  const places = [0, 1, 2, 3, CHUNK_SLOTS - 1, CHUNK_SLOTS, CHUNK_SLOTS + 1, SLOT_END - 1];
  const write = fc.tuple(
    fc.constantFrom(...places),
    fc.constantFrom<SlotKind>('free', 'free', 'zero', 'entry', 'device'),
    fc.constantFrom(1, 77, 2 ** 29 + 5, 2 ** 30 - 1),
  );

  it('remembers the last thing said of each slot, holding memory for chunks in use and one', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 60, size: 'max' }), (writes) => {
        const table = new SwapTable();
        const model = new Map<number, { kind: SlotKind; payload: number }>();
        for (const [place, kind, payload] of writes) {
          set(table, slotOf(place), kind, payload);
          if (kind === 'free') model.delete(place);
          else model.set(place, { kind, payload: kind === 'zero' ? 0 : payload });
          assert.equal(table.usedSlots, model.size);
          const chunks = new Set([...model.keys()].map((slot) => Math.floor(slot / CHUNK_SLOTS)));
          const spare = table.metadataBytes / CHUNK_BYTES - chunks.size;
          assert.ok(spare === 0 || spare === 1, `${spare} chunks that hold nothing`);
          for (const other of places) {
            const expected = model.get(other) ?? { kind: 'free', payload: 0 };
            assert.equal(table.kind(slotOf(other)), expected.kind);
            assert.equal(table.payload(slotOf(other)), expected.payload);
            assert.equal(table.isFree(slotOf(other)), expected.kind === 'free');
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds the next slot that is not free', () => {
    const bound = fc.constantFrom(0, 1, 3, 4, CHUNK_SLOTS - 2, CHUNK_SLOTS, 2 ** 31, SLOT_END);
    fc.assert(
      fc.property(fc.subarray(places), bound, bound, (used, start, end) => {
        const table = new SwapTable();
        for (const slot of used) table.setZero(slotOf(slot));
        const expected = used.find((slot) => slot >= start && slot < end) ?? Math.max(start, end);
        assert.equal(Math.max(start, table.nextUsed(start, end, Infinity)), expected);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps the memory of a slot that comes and goes, and uses it elsewhere', () => {
    const table = new SwapTable();
    for (const place of [5, 5, 5 + CHUNK_SLOTS, 7 + 9 * CHUNK_SLOTS]) {
      table.setZero(slotOf(place));
      table.setFree(slotOf(place));
      assert.equal(table.metadataBytes, CHUNK_BYTES);
    }
    table.setZero(slotOf(3 * CHUNK_SLOTS));
    assert.equal(table.metadataBytes, CHUNK_BYTES);
    assert.equal(table.nextUsed(3 * CHUNK_SLOTS + 1, 4 * CHUNK_SLOTS, Infinity), 4 * CHUNK_SLOTS);
    assert.equal(table.usedSlots, 1);
  });

  it('stops looking after its budget, and says where', () => {
    const table = new SwapTable();
    table.setZero(slotOf(10_000));
    assert.equal(table.nextUsed(0, 20_000, 1000), 1000);
    assert.equal(table.nextUsed(1000, 20_000, 100_000), 10_000);
    assert.equal(table.nextUsed(10_000, 20_000, 1), 10_000);
    assert.equal(table.nextUsed(0, 500, 1000), 500);
    // Empty chunks cost nothing, so they are stepped over whatever the budget.
    assert.equal(table.nextUsed(CHUNK_SLOTS, SLOT_END, 1), SLOT_END);
  });

  it('takes no payload that has no room in a word', () => {
    const table = new SwapTable();
    for (const payload of [0, -1, 2 ** 30]) {
      assert.throws(() => table.setEntry(slotOf(1), payload), { name: 'InvariantError' });
    }
    for (const payload of [-1, 2 ** 30]) {
      assert.throws(() => table.setDevice(slotOf(1), payload), { name: 'InvariantError' });
    }
    table.setDevice(slotOf(1), 0);
    assert.equal(table.isFree(slotOf(1)), false);
  });
});
