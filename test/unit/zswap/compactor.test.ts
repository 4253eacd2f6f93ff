import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { SwapSlot } from '../../../src/swap/table.ts';
import { TestMachine } from '../../support/machine.ts';
import { wordPage } from '../../support/chosen-pages.ts';
import { TestStore, peek } from '../../support/stores.ts';
import { createWordCodec } from '../../support/word-codec.ts';

const PAGES = 600;
/** Words of one compressed length, so that all objects are of one size class. */
const wordOf = (page: number): number => 5 * page + 2;

/** A pool of PAGES entries, in a machine that runs without points. */
function filled(compactAfterEntries: number): {
  machine: TestMachine;
  slot: (page: number) => SwapSlot;
} {
  const machine = new TestMachine({ codec: createWordCodec(), compactAfterEntries });
  machine.rt.point = () => false;
  const { disk, memcg } = machine.export('vm', PAGES);
  const slot = (page: number): SwapSlot => disk.area.slot(page);
  for (let page = 0; page < PAGES; page += 1) {
    new TestStore(machine.zswap, slot(page), memcg, wordPage(wordOf(page))).resume();
  }
  machine.check();
  return { machine, slot };
}

describe('Compactor', () => {
  it('gives pages back when enough entries have gone, and loses none that stay', () => {
    const { machine, slot } = filled(300);
    const full = machine.zswap.pools.totalPages();
    for (let page = 0; page < PAGES; page += 1) if (page % 4 !== 0) machine.swap.free(slot(page));
    assert.equal(machine.zswap.compactor.running, true);
    const before = machine.zswap.pools.totalPages();
    machine.settle();
    assert.equal(machine.zswap.compactor.running, false);
    const after = machine.zswap.pools.totalPages();
    assert.ok(after < before && after < full / 3, `${full}, ${before}, ${after} pages`);
    for (let page = 0; page < PAGES; page += 4) {
      assert.deepEqual(peek(machine, slot(page)), wordPage(wordOf(page)));
    }
  });

  it('does nothing before', () => {
    const { machine, slot } = filled(300);
    for (let page = 0; page < 299; page += 1) machine.swap.free(slot(page));
    assert.equal(machine.zswap.compactor.running, false);
    machine.swap.free(slot(299));
    assert.equal(machine.zswap.compactor.running, true);
  });

  it('waits until what has gone is a good part of what is left', () => {
    const { machine, slot } = filled(1);
    // An eighth of the rest: 67 of 533.
    for (let page = 0; page < 66; page += 1) machine.swap.free(slot(page));
    assert.equal(machine.zswap.compactor.running, false);
    machine.swap.free(slot(66));
    assert.equal(machine.zswap.compactor.running, true);
  });
});
