import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FIRST_FREE,
  FRAME,
  IN_USE,
  NEXT,
  PREVIOUS,
  recordOf,
  withByte,
  withNumber,
  wordByte,
  wordNumber,
  ZspageTable,
} from '../../../src/zpool/zspage-table.ts';

const NUMBER_MAX = 2 ** 24 - 1;

describe('ZspageTable', () => {
  it('starts a record empty, of its class, even where another was', () => {
    const table = new ZspageTable();
    const zspage = table.take(7);
    table.block(zspage).fill(0xffffffff, recordOf(zspage), recordOf(zspage) + 3);
    table.give(zspage);
    assert.equal(table.take(254), zspage);
    assert.deepEqual(
      [NEXT, PREVIOUS, FRAME].map((word) => table.number(zspage, word)),
      [0, 0, 0],
    );
    assert.equal(table.classIndex(zspage), 254);
    assert.equal(wordByte(table.block(zspage)[recordOf(zspage) + FIRST_FREE] ?? 1), 0);
  });

  it('keeps the numbers and the bytes of neighbouring records apart', () => {
    const table = new ZspageTable();
    const [one, other] = [table.take(254), table.take(3)];
    for (const [word, number] of [NUMBER_MAX, 1, NUMBER_MAX - 1].entries()) {
      table.setNumber(one, word, number);
    }
    for (const word of [NEXT, PREVIOUS, FRAME]) assert.equal(table.number(other, word), 0);
    const numbers = [NEXT, PREVIOUS, FRAME].map((word) => table.number(one, word));
    assert.deepEqual(numbers, [NUMBER_MAX, 1, NUMBER_MAX - 1]);
    assert.equal(table.classIndex(one), 254);
    const block = table.block(one);
    const at = recordOf(one) + IN_USE;
    block[at] = withByte(block[at] ?? 0, 255);
    assert.equal(table.inUse(one), 256);
    assert.equal(table.number(one, NEXT), NUMBER_MAX);
  });

  it('has a number of 24 bits and a byte in a word', () => {
    const word = withNumber(withByte(0, -1), NUMBER_MAX) >>> 0;
    assert.equal(word, 2 ** 32 - 1);
    assert.equal(wordNumber(word), NUMBER_MAX);
    assert.equal(wordByte(word), 255);
    assert.equal(wordNumber(withByte(word, 3)), NUMBER_MAX);
    assert.equal(wordByte(withNumber(word, 3)), 255);
  });

  it('grows by blocks and shrinks to one when drained', () => {
    const table = new ZspageTable();
    assert.ok(table.metadataBytes < 100);
    const zspages = Array.from({ length: 5000 }, () => table.take(1));
    assert.equal(new Set(zspages).size, 5000);
    const peak = table.metadataBytes;
    for (const zspage of zspages) table.give(zspage);
    assert.ok(peak > 5000 * 12 && peak < 6 * 1024 * 12);
    assert.ok(table.metadataBytes < 1024 * 12 + 100);
  });
});
