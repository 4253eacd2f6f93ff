import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { SLICE_MS } from '../../../src/rt/pace.ts';
import { submit } from '../../support/client.ts';
import { DiskMachine } from '../../support/disk-machine.ts';
import { wordPage } from '../../support/chosen-pages.ts';

const PAGES = 2048;

/** A disk that runs without points, by a clock that goes on by `ms` whenever it is read. */
function runningAt(ms: number): DiskMachine {
  const machine = new DiskMachine({ pages: PAGES });
  machine.rt.point = () => false;
  let now = 0;
  machine.rt.nowMs = () => (now += ms);
  return machine;
}

describe('a slice', () => {
  it('ends after a while in a long request of any kind, and others have their turn', () => {
    for (const op of ['read', 'write', 'trim'] as const) {
      const machine = runningAt(SLICE_MS * 0.6);
      for (let page = 0; page < PAGES; page += 2) machine.swap.setZero(machine.slot(page));
      const data = op === 'write' ? new Uint8Array(PAGES * 4096) : undefined;
      const request = submit(machine.disk, op, 0, PAGES * 4096, data);
      assert.equal(request.finished, false);
      let turns = 0;
      while (machine.rt.step()) turns += 1;
      assert.equal(request.finished, true);
      assert.ok(turns > PAGES / 128, `${op}: ${turns} turns`);
    }
  });

  it('does not end while there is time', () => {
    const machine = runningAt(0);
    assert.equal(submit(machine.disk, 'read', 0, PAGES * 4096).finished, true);
  });

  it('leaves the slots of collected pages owned, and nothing of them to be seen', () => {
    const machine = new DiskMachine({ devicePages: 64 });
    machine.params.enabled = false;
    machine.rt.point = () => false;
    let now = 0;
    machine.rt.nowMs = () => (now += SLICE_MS);
    const data = new Uint8Array(24 * 4096);
    for (let page = 0; page < 24; page += 1) data.set(wordPage(page + 1), page * 4096);
    const request = submit(machine.disk, 'write', 0, data.length, data);
    assert.equal(request.finished, false);
    assert.ok(machine.swap.cache.busySlots > 0);
    assert.equal(machine.swap.table.usedSlots, 0);
    machine.settle();
    assert.deepEqual(machine.read(0, 24), data);
  });
});
