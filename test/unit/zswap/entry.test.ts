import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { present } from '../../../src/std/assert.ts';
import type { MemcgId } from '../../../src/memcg/memcg.ts';
import { EntryTable, entryOwner, type ZswapEntryIndex } from '../../../src/zswap/entry.ts';

const BLOCK_ENTRIES = 2 ** 12;
/** Place 0 of a block is nobody. */
const BLOCK_CAPACITY = BLOCK_ENTRIES - 1;

interface Fields {
  length: number;
  pool: number;
  memcg: number;
  referenced: boolean;
  location: number;
  previous: number;
  next: number;
}

describe('EntryTable', () => {
  it('keeps the fields of each entry apart from one another and from other entries', () => {
    const fields = fc.record({
      length: fc.constantFrom(1, 2, 4095, 4096),
      pool: fc.constantFrom(0, 1, 31),
      memcg: fc.constantFrom(0, 1, 2 ** 13, 2 ** 14 - 1),
      referenced: fc.boolean(),
      location: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
      previous: fc.constantFrom(0, 5, 2 ** 30 - 1),
      next: fc.constantFrom(0, 5, 2 ** 30 - 1),
    });
    const command = fc.tuple(fc.constantFrom('allocate', 'allocate', 'free'), fields);
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40, size: 'max' }), (commands) => {
        const table = new EntryTable(8);
        const model = new Map<ZswapEntryIndex, Fields>();
        for (const [verb, values] of commands) {
          if (verb === 'free') {
            const index = [...model.keys()][values.length % Math.max(1, model.size)];
            if (index === undefined) continue;
            table.free(index);
            model.delete(index);
          } else {
            const index = table.allocate();
            assert.equal(index === 0, model.size === 8);
            if (index === 0) continue;
            assert.equal(model.has(index), false);
            const { length, pool, memcg } = values;
            table.fill(index, length, entryOwner(pool, memcg as MemcgId));
            assert.equal(table.referenced(index), true);
            table.setReferenced(index, values.referenced);
            table.setLocation(index, values.location);
            table.setPrevious(index, values.previous);
            table.setNext(index, values.next);
            model.set(index, { ...values });
          }
          assert.equal(table.length, model.size);
          for (const [index, expected] of model) {
            const found: Fields = {
              length: table.lengthOf(index),
              pool: table.pool(index),
              memcg: table.memcg(index),
              referenced: table.referenced(index),
              location: table.location(index),
              previous: table.previous(index),
              next: table.next(index),
            };
            assert.deepEqual(found, expected);
          }
          for (let index = 0; index < 12; index += 1) {
            const isLive = model.has(index as ZswapEntryIndex);
            assert.equal(table.isLive(index), isLive, `entry ${index}`);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('calls nothing live in a block that was never there, or is gone', () => {
    const table = new EntryTable();
    assert.equal(table.isLive(5 * BLOCK_ENTRIES + 1), false);
    const indices = Array.from({ length: 2 * BLOCK_CAPACITY }, () => table.allocate());
    for (const index of indices) table.fill(index, 1, entryOwner(0, 0 as MemcgId));
    assert.ok(indices.every((index) => table.isLive(index)));
    for (const index of indices) table.free(index);
    assert.ok(indices.every((index) => !table.isLive(index)));
  });

  it('never gives out index 0, which is nobody', () => {
    const table = new EntryTable();
    const indices = Array.from({ length: BLOCK_ENTRIES + 10 }, () => table.allocate());
    assert.equal(indices.includes(0 as ZswapEntryIndex), false);
    assert.equal(new Set(indices).size, indices.length);
  });

  it('fills the lowest block first and gives back blocks that are wholly free, but for one', () => {
    const table = new EntryTable();
    const indices = Array.from({ length: 4 * BLOCK_CAPACITY }, () => table.allocate());
    const blockOf = (index: number): number => Math.floor(index / BLOCK_ENTRIES);
    const four = table.metadataBytes;
    for (const index of indices) if (blockOf(index) === 1) table.free(index);
    assert.equal(table.metadataBytes, four);
    for (const index of indices) if (blockOf(index) === 2) table.free(index);
    assert.equal(table.metadataBytes, four - BLOCK_ENTRIES * 16);
    const low = present(indices[7]);
    table.free(low);
    assert.equal(table.allocate(), low);
    const again = Array.from({ length: 2 * BLOCK_CAPACITY }, () => table.allocate());
    assert.deepEqual(new Set(again.map(blockOf)), new Set([1, 2]));
    assert.equal(new Set(again).size, again.length);
    for (const index of again) table.fill(index, 1, entryOwner(0, 0 as MemcgId));
    assert.ok(again.every((index) => table.isLive(index)));
    assert.equal(table.metadataBytes, four);
    assert.equal(table.length, 4 * BLOCK_CAPACITY);
  });

  it('keeps a block at whose border the number of entries swings', () => {
    const table = new EntryTable();
    for (let i = 1; i < BLOCK_ENTRIES; i += 1) table.allocate();
    const bytes = new Set<number>();
    for (let i = 0; i < 10; i += 1) {
      const index = table.allocate();
      bytes.add(table.metadataBytes);
      table.free(index);
      bytes.add(table.metadataBytes);
    }
    assert.equal(bytes.size, 1);
  });

  it('keeps the first block and serves from it again when all entries have gone', () => {
    const table = new EntryTable();
    const indices = Array.from({ length: 3 * BLOCK_CAPACITY }, () => table.allocate());
    for (const index of indices) table.free(index);
    assert.equal(table.length, 0);
    assert.ok(table.metadataBytes < BLOCK_ENTRIES * 16 + 100);
    assert.ok(table.allocate() < BLOCK_ENTRIES);
  });

  it('refuses to free an entry that is free', () => {
    const table = new EntryTable();
    const index = table.allocate();
    table.free(index);
    assert.throws(() => table.free(index), { name: 'InvariantError' });
  });

  it('says 0 at its limit, and can go on when one has been freed', () => {
    const table = new EntryTable(2);
    const first = table.allocate();
    table.allocate();
    assert.equal(table.allocate(), 0);
    table.free(first);
    assert.equal(table.allocate(), first);
    assert.throws(() => new EntryTable(2 ** 30), { name: 'InvariantError' });
  });

  it('takes no length and no pool that has no room in the record', () => {
    const table = new EntryTable();
    const index = table.allocate();
    const fill = (length: number, pool: number) => (): void =>
      table.fill(index, length, entryOwner(pool, 0 as MemcgId));
    for (const length of [0, 4097]) assert.throws(fill(length, 0), { name: 'InvariantError' });
    assert.throws(fill(1, 32), { name: 'InvariantError' });
  });
});
