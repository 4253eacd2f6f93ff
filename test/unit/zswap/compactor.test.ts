import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { submit } from '../../support/client.ts';
import { TestMachine } from '../../support/machine.ts';

/** Pages that compress to a few hundred bytes each, all different. */
function fill(machine: TestMachine, pages: number): ReturnType<TestMachine['export']>['disk'] {
  const { disk } = machine.export('vm', pages);
  for (let page = 0; page < pages; page += 1)
    submit(disk, 'write', page * PAGE_SIZE, PAGE_SIZE, contents(page));
  machine.rt.run(1_000_000);
  return disk;
}

function contents(page: number): Uint8Array {
  const data = new Uint8Array(PAGE_SIZE);
  for (let at = 0; at < 600; at += 1) data[at * 6] = (page * 31 + at * at) & 255;
  data[0] = page & 255;
  data[1] = page >> 8;
  return data;
}

describe('compaction in the background', () => {
  it('gives back the pages that scattered frees leave half empty, and loses nothing', () => {
    const machine = new TestMachine();
    const disk = fill(machine, 600);
    const before = machine.zswap.poolTotalSize;
    for (let page = 0; page < 600; page += 1) {
      if (page % 4 !== 0) submit(disk, 'trim', page * PAGE_SIZE, PAGE_SIZE);
    }
    machine.settle();
    const { stored_pages } = machine.zswap.stats;
    assert.equal(stored_pages, 150);
    // A quarter of the pages is left; scattered as they are, without compaction nearly all zspages
    // would still be held.
    assert.ok(machine.zswap.poolTotalSize < before * 0.45, `${machine.zswap.poolTotalSize}`);
    for (let page = 0; page < 600; page += 4) {
      const read = submit(disk, 'read', page * PAGE_SIZE, PAGE_SIZE);
      machine.settle();
      assert.deepEqual(Buffer.from(read.data), Buffer.from(contents(page)));
    }
  });

  it('rests until enough entries have gone, and after nothing more is to gain', () => {
    const machine = new TestMachine({ compactAfterEntries: 50 });
    const disk = fill(machine, 60);
    for (let page = 0; page < 49; page += 1) submit(disk, 'trim', page * PAGE_SIZE, PAGE_SIZE);
    machine.rt.run(1_000_000);
    assert.equal(machine.zswap.compactor.running, false);
    submit(disk, 'trim', 49 * PAGE_SIZE, PAGE_SIZE);
    while (!machine.zswap.compactor.running && machine.rt.step());
    assert.equal(machine.zswap.compactor.running, true);
    machine.settle();
    assert.equal(machine.zswap.compactor.running, false);
  });
});
