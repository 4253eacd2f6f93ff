import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FRAME,
  NEXT,
  NO_OBJECT,
  PREVIOUS,
  STATE,
  stateClass,
  stateFirstFree,
  stateGroup,
  stateInUse,
  stateWithGroup,
  stateWithObjects,
  ZspageTable,
} from '../../../src/zpool/zspage-table.ts';

describe('ZspageTable', () => {
  it('starts a record empty, of its class, even where another was', () => {
    const table = new ZspageTable();
    const zspage = table.take(7);
    for (const word of [NEXT, PREVIOUS, FRAME, STATE]) table.setWord(zspage, word, 0xffffffff);
    table.give(zspage);
    assert.equal(table.take(254), zspage);
    assert.deepEqual(
      [NEXT, PREVIOUS, FRAME].map((word) => table.word(zspage, word)),
      [0, 0, 0],
    );
    const state = table.word(zspage, STATE);
    assert.equal(stateClass(state), 254);
    assert.equal(stateFirstFree(state), NO_OBJECT);
    assert.equal(stateGroup(state), 0);
    assert.equal(table.inUse(zspage), 0);
  });

  it('keeps the parts of a state apart', () => {
    const table = new ZspageTable();
    let state = table.word(table.take(254), STATE);
    state = stateWithGroup(stateWithObjects(state, 256, 255), 11);
    assert.deepEqual(
      [stateInUse(state), stateFirstFree(state), stateClass(state), stateGroup(state)],
      [256, 255, 254, 11],
    );
    state = stateWithGroup(stateWithObjects(state, 0, NO_OBJECT), 0);
    assert.deepEqual(
      [stateInUse(state), stateFirstFree(state), stateClass(state), stateGroup(state)],
      [0, 256, 254, 0],
    );
  });

  it('grows by blocks and shrinks to one when drained', () => {
    const table = new ZspageTable();
    assert.ok(table.metadataBytes < 100);
    const zspages = Array.from({ length: 5000 }, () => table.take(1));
    assert.equal(new Set(zspages).size, 5000);
    const peak = table.metadataBytes;
    for (const zspage of zspages) table.give(zspage);
    assert.ok(peak > 5000 * 18 && peak < 6 * 1024 * 18);
    assert.ok(table.metadataBytes < 1024 * 18 + 100);
  });
});
