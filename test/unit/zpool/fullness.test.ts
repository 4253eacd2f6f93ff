import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FullnessLists, fullnessGroup } from '../../../src/zpool/fullness.ts';
import {
  NO_OBJECT,
  STATE,
  stateWithObjects,
  ZspageTable,
} from '../../../src/zpool/zspage-table.ts';

const CLASS = 2;

function fixture(count: number): { table: ZspageTable; lists: FullnessLists; zspages: number[] } {
  const table = new ZspageTable();
  const lists = new FullnessLists(table, 4);
  const zspages = Array.from({ length: count }, () => table.take(CLASS));
  return { table, lists, zspages };
}

describe('fullnessGroup', () => {
  it('gives the published groups', () => {
    assert.equal(fullnessGroup(0, 128), 0);
    assert.equal(fullnessGroup(1, 127), 1);
    assert.equal(fullnessGroup(64, 128), 6);
    assert.equal(fullnessGroup(127, 128), 10);
    assert.equal(fullnessGroup(128, 128), 11);
  });

  it('calls a zspage of one object full or empty, never in between', () => {
    assert.deepEqual([fullnessGroup(0, 1), fullnessGroup(1, 1)], [0, 11]);
  });

  it('rises in steps of ten per cent', () => {
    const groups = Array.from({ length: 21 }, (_, inUse) => fullnessGroup(inUse, 20));
    assert.deepEqual(groups, [0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11]);
  });
});

describe('FullnessLists', () => {
  it('finds the fullest and the emptiest zspage that is not full', () => {
    const { lists, zspages } = fixture(4);
    [11, 3, 8, 5].forEach((group, at) => lists.insert(zspages[at] ?? 0, group));
    assert.equal(lists.fullestNotFull(CLASS), zspages[2]);
    assert.equal(lists.emptiest(CLASS), zspages[1]);
    assert.equal(lists.classCount(CLASS), 4);
    assert.equal(lists.count(CLASS, 11), 1);
  });

  it('finds nothing where all are full, or in another class', () => {
    const { lists, zspages } = fixture(1);
    lists.insert(zspages[0] ?? 0, 11);
    assert.equal(lists.fullestNotFull(CLASS), 0);
    assert.equal(lists.emptiest(CLASS), 0);
    assert.equal(lists.fullestNotFull(CLASS + 1), 0);
  });

  it('takes the most recently filed first and survives removal anywhere in the list', () => {
    const { lists, zspages } = fixture(3);
    const [first = 0, second = 0, third = 0] = zspages;
    for (const zspage of zspages) lists.insert(zspage, 4);
    assert.equal(lists.fullestNotFull(CLASS), third);
    lists.remove(second);
    lists.remove(third);
    assert.equal(lists.fullestNotFull(CLASS), first);
    lists.remove(first);
    assert.equal(lists.fullestNotFull(CLASS), 0);
    assert.equal(lists.classCount(CLASS), 0);
  });

  it('files a zspage anew only when its group changes', () => {
    const { table, lists, zspages } = fixture(2);
    const [one = 0, other = 0] = zspages;
    for (const zspage of zspages) lists.insert(zspage, 0);
    const setInUse = (zspage: number, inUse: number): void => {
      table.setWord(zspage, STATE, stateWithObjects(table.word(zspage, STATE), inUse, NO_OBJECT));
      lists.refile(zspage, 20);
    };
    setInUse(one, 2);
    setInUse(other, 3);
    assert.equal(lists.fullestNotFull(CLASS), other);
    setInUse(one, 3);
    assert.equal(lists.fullestNotFull(CLASS), other);
    setInUse(one, 4);
    assert.equal(lists.fullestNotFull(CLASS), one);
    assert.deepEqual([lists.count(CLASS, 2), lists.count(CLASS, 3)], [1, 1]);
  });

  it('notices a zspage that is not where it claims to be', () => {
    const { lists, zspages } = fixture(2);
    lists.insert(zspages[0] ?? 0, 4);
    assert.throws(() => lists.remove(zspages[1] ?? 0), { name: 'InvariantError' });
  });
});
