import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { ListAges } from '../../../src/memcg/list-ages.ts';
import { ListLru } from '../../../src/memcg/list-lru.ts';
import { MemcgTree } from '../../../src/memcg/memcg.ts';
import { EntryTable } from '../../../src/zswap/entry.ts';

describe('ListLru', () => {
  const tree = new MemcgTree();
  const a = tree.create('a').id;
  const b = tree.create('b').id;

  it('keeps an order of age for each group', () => {
    // The columns have to exist; the links are all that is used of them.
    const table = new EntryTable();
    for (let i = 0; i < 5; i += 1) table.allocate();
    const groups = new ListLru(table);
    assert.equal(groups.length, 0);
    assert.equal(groups.oldest(a), 0);
    assert.equal(groups.lengthOf(a), 0);
    groups.add(a, 1);
    groups.add(b, 2);
    groups.add(a, 3);
    groups.add(a, 4);
    assert.deepEqual([groups.oldest(a), groups.oldest(b)], [1, 2]);
    groups.rotate(a, 1);
    assert.equal(groups.oldest(a), 3);
    groups.remove(a, 3);
    groups.remove(a, 4);
    assert.equal(groups.oldest(a), 1);
    assert.deepEqual([groups.lengthOf(a), groups.lengthOf(b), groups.length], [1, 1, 2]);
  });

  it('notices an item that is removed from a group it is not in', () => {
    const table = new EntryTable();
    table.allocate();
    const lru = new ListLru(table);
    lru.add(a, 1);
    assert.throws(() => lru.remove(b, 1), { name: 'InvariantError' });
  });

  it('tells of items that become the youngest', () => {
    const table = new EntryTable();
    for (let i = 0; i < 65; i += 1) table.allocate();
    let now = 0;
    const ages = new ListAges({ nowMs: () => now });
    const lru = new ListLru(table, ages);
    const ageSeconds = (): number => {
      let age = -1;
      ages.visit(
        (index) => index === 64,
        (_, seconds) => (age = seconds),
      );
      return age;
    };
    lru.add(a, 64);
    now = 3000;
    assert.equal(ageSeconds(), 3);
    lru.rotate(a, 64);
    assert.equal(ageSeconds(), 0);
  });
});
