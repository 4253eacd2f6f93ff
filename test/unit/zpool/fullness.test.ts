import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FullnessLists, fullnessGroup } from '../../../src/zpool/fullness.ts';
import type { SizeClass } from '../../../src/zpool/size-class.ts';
import { ZspageTable } from '../../../src/zpool/zspage-table.ts';

const CLASS = 2;
/** As far as lists look at it. */
const SIZE_CLASS = { index: CLASS, objectsPerZspage: 20 } as SizeClass;

interface Fixture {
  lists: FullnessLists;
  zspages: number[];
  /** Files a zspage that has had `before` objects and has `after`. */
  refile: (at: number, before: number, after: number) => void;
}

function fixture(count: number): Fixture {
  const table = new ZspageTable();
  const lists = new FullnessLists(table, 4);
  const zspages = Array.from({ length: count }, () => table.take(CLASS));
  return {
    lists,
    zspages,
    refile: (at, before, after) => lists.refile(zspages[at] ?? 0, SIZE_CLASS, before, after),
  };
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
    const { lists, zspages, refile } = fixture(4);
    [20, 5, 15, 9].forEach((inUse, at) => refile(at, 0, inUse));
    assert.equal(lists.fullestNotFull(CLASS), zspages[2]);
    assert.equal(lists.emptiest(CLASS), zspages[1]);
    assert.equal(lists.classCount(CLASS), 4);
    assert.equal(lists.count(CLASS, 11), 1);
  });

  it('finds nothing where all are full, or in another class', () => {
    const { lists, refile } = fixture(2);
    for (const at of [0, 1]) refile(at, 0, 20);
    assert.equal(lists.fullestNotFull(CLASS), 0);
    assert.equal(lists.emptiest(CLASS), 0);
    assert.equal(lists.fullestNotFull(CLASS + 1), 0);
    assert.equal(lists.count(CLASS, 11), 2);
  });

  it('takes the most recently filed first and survives removal anywhere in the list', () => {
    const { lists, zspages, refile } = fixture(3);
    for (const at of [0, 1, 2]) refile(at, 0, 7);
    assert.equal(lists.fullestNotFull(CLASS), zspages[2]);
    refile(1, 7, 0);
    refile(2, 7, 0);
    assert.equal(lists.fullestNotFull(CLASS), zspages[0]);
    refile(0, 7, 0);
    assert.equal(lists.fullestNotFull(CLASS), 0);
    assert.equal(lists.classCount(CLASS), 0);
  });

  it('files a zspage anew only when its group changes', () => {
    const { lists, zspages, refile } = fixture(2);
    refile(0, 0, 2);
    refile(1, 0, 3);
    assert.equal(lists.fullestNotFull(CLASS), zspages[1]);
    refile(0, 2, 3);
    assert.equal(lists.fullestNotFull(CLASS), zspages[1]);
    refile(0, 3, 4);
    assert.equal(lists.fullestNotFull(CLASS), zspages[0]);
    assert.deepEqual([lists.count(CLASS, 2), lists.count(CLASS, 3)], [1, 1]);
  });

  it('takes a zspage off its list while it is full', () => {
    const { lists, zspages, refile } = fixture(3);
    for (const at of [0, 1, 2]) refile(at, 0, 19);
    refile(1, 19, 20);
    refile(2, 19, 20);
    assert.equal(lists.fullestNotFull(CLASS), zspages[0]);
    refile(2, 20, 19);
    assert.equal(lists.fullestNotFull(CLASS), zspages[2]);
    assert.deepEqual([lists.count(CLASS, 10), lists.count(CLASS, 11)], [2, 1]);
  });

  it('notices a zspage that is not where it claims to be', () => {
    const { refile } = fixture(2);
    refile(0, 0, 7);
    assert.throws(() => refile(1, 7, 0), { name: 'InvariantError' });
  });
});
