import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IndexBlocks, NO_BLOCK } from '../../../src/std/index-blocks.ts';

/** Blocks of four places, of which three can be taken. */
const SHIFT = 2;

function takeFrom(blocks: IndexBlocks): number {
  const index = blocks.take();
  if (index !== 0) return index;
  blocks.add(blocks.nextBlock());
  return blocks.take();
}

describe('IndexBlocks', () => {
  it('hands out nothing before a block is added, and never place 0', () => {
    const blocks = new IndexBlocks(SHIFT);
    assert.equal(blocks.take(), 0);
    const taken = Array.from({ length: 6 }, () => takeFrom(blocks));
    assert.deepEqual(taken, [1, 2, 3, 5, 6, 7]);
    assert.equal(blocks.take(), 0);
  });

  it('takes from the lowest block with a free place', () => {
    const blocks = new IndexBlocks(SHIFT);
    for (let count = 0; count < 9; count++) takeFrom(blocks);
    blocks.give(9);
    blocks.give(6);
    blocks.give(2);
    assert.deepEqual([blocks.take(), blocks.take(), blocks.take()], [2, 6, 9]);
  });

  it('keeps one wholly free block, the lower of two', () => {
    const blocks = new IndexBlocks(SHIFT);
    for (let count = 0; count < 9; count++) takeFrom(blocks);
    assert.deepEqual(
      [1, 2, 3].map((index) => blocks.give(index)),
      [NO_BLOCK, NO_BLOCK, NO_BLOCK],
    );
    assert.deepEqual(
      [9, 10, 11].map((index) => blocks.give(index)),
      [NO_BLOCK, NO_BLOCK, 2],
    );
    assert.equal(blocks.blockEnd, 2);
    assert.equal(blocks.take(), 3);
    assert.equal(blocks.removeSpare(), NO_BLOCK);
  });

  it('removes the spare block on demand and fills the gap again', () => {
    const blocks = new IndexBlocks(SHIFT);
    for (let count = 0; count < 9; count++) takeFrom(blocks);
    for (const index of [5, 6, 7]) blocks.give(index);
    assert.equal(blocks.removeSpare(), 1);
    assert.equal(blocks.blockEnd, 3);
    assert.equal(blocks.usedIn(1), 0);
    assert.equal(blocks.nextBlock(), 1);
    assert.equal(takeFrom(blocks), 5);
  });

  it('refuses an index that is free already', () => {
    const blocks = new IndexBlocks(SHIFT);
    const index = takeFrom(blocks);
    blocks.give(index);
    assert.throws(() => blocks.give(index), { name: 'InvariantError' });
    assert.throws(() => blocks.give(0), { name: 'InvariantError' });
  });

  it('keeps free places in one word of the records and leaves the others alone', () => {
    const blocks = new IndexBlocks(SHIFT, 3, 1);
    const records = new Uint32Array(blocks.recordBytes / 4).fill(77);
    blocks.add(0, records);
    assert.equal(blocks.records(0), records);
    assert.equal(blocks.take(), 1);
    assert.equal(blocks.take(), 2);
    for (const index of [1, 2]) records.set([1, 2, 3], index * 3);
    blocks.give(1);
    assert.deepEqual(
      records.filter((_, at) => at % 3 !== 1),
      new Uint32Array([77, 77, 1, 3, 1, 3, 77, 77]),
    );
    assert.equal(records[2 * 3 + 1], 2);
    assert.deepEqual([blocks.take(), blocks.take(), blocks.take()], [1, 3, 0]);
    assert.equal(blocks.metadataBytes, 4 * 3 * 4 + 4);
  });

  it('has no records where there is no block', () => {
    const blocks = new IndexBlocks(SHIFT);
    const index = takeFrom(blocks);
    assert.equal(blocks.records(0).length, 4);
    blocks.give(index);
    assert.equal(blocks.removeSpare(), 0);
    assert.equal(blocks.records(0).length, 0);
    assert.throws(() => blocks.add(0, new Uint32Array(3)), { name: 'InvariantError' });
  });

  it('gives each index to one holder at a time over many blocks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2000 }), { maxLength: 1000, size: 'max' }), (choices) => {
        const blocks = new IndexBlocks(1);
        const held: number[] = [];
        for (const choice of choices) {
          if (choice % 3 === 0 && held.length > 0) {
            const [index] = held.splice(choice % held.length, 1);
            if (index !== undefined) blocks.give(index);
            continue;
          }
          const index = takeFrom(blocks);
          assert.ok(!held.includes(index));
          held.push(index);
        }
        for (const index of held) blocks.give(index);
        blocks.removeSpare();
        assert.equal(blocks.blockEnd, 0);
      }),
      { numRuns: 50 },
    );
  });
});
