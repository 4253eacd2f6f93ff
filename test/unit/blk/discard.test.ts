import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { EIO, ENOSPC } from '../../../src/std/errno.ts';
import { submit } from '../../support/client.ts';
import { DiskMachine } from '../../support/disk-machine.ts';
import { joined, randomPage, wordPage, zeroPage } from '../../support/chosen-pages.ts';
import { corrupt } from '../../support/stores.ts';

/** Pages 0..3: pool, zero, device, device. */
function filled(): DiskMachine {
  const machine = new DiskMachine({ devicePages: 16 });
  machine.write(0, joined(wordPage(1), zeroPage()));
  machine.spillPages(2, joined(wordPage(3), randomPage(4)));
  return machine;
}

describe('trim', () => {
  it('frees whole pages, wherever they are, with all that they held', () => {
    const machine = filled();
    assert.equal(machine.request('trim', 0, 4 * 4096).error, 0);
    for (const page of [0, 1, 2, 3]) assert.equal(machine.kind(page), 'free');
    machine.zswap.assertDrained();
    assert.equal(machine.swap.backing?.usedPages, 0);
    assert.equal(machine.memcg.zswapCurrent, 0);
    assert.deepEqual(machine.read(0, 4), new Uint8Array(4 * 4096));
  });

  it('leaves pages alone that it covers in part', () => {
    const machine = filled();
    machine.request('trim', 1, 3 * 4096 + 100);
    assert.deepEqual(
      [0, 1, 2, 3].map((page) => machine.kind(page)),
      ['entry', 'free', 'free', 'device'],
    );
    machine.request('trim', 10, 20);
    assert.deepEqual(machine.read(0), wordPage(1));
    assert.deepEqual(machine.read(3), randomPage(4));
  });

  it('steps over what is free without taking a slot', () => {
    const machine = new DiskMachine({ pages: 2 ** 20 });
    machine.write(2 ** 20 - 1, wordPage(1));
    const before = machine.rt.steps;
    machine.request('trim', 0, 2 ** 20 * 4096);
    assert.ok(machine.rt.steps - before < 200, `${machine.rt.steps - before} steps`);
    assert.equal(machine.swap.table.usedSlots, 0);
  });

  it('takes its turn behind the owner of a page', () => {
    const machine = filled();
    const owner = { resume: (): void => {} };
    machine.swap.cache.tryLock(machine.slot(0), owner);
    const request = submit(machine.disk, 'trim', 0, 4096);
    machine.settle();
    assert.equal(request.finished, false);
    assert.equal(machine.kind(0), 'entry');
    machine.swap.cache.unlock(machine.slot(0), owner);
    machine.settle();
    assert.equal(request.finished, true);
    assert.equal(machine.kind(0), 'free');
  });

  it('drops an entry that cannot be read any more', () => {
    const machine = filled();
    corrupt(machine, machine.slot(0));
    assert.equal(machine.request('trim', 0, 4096).error, 0);
    machine.zswap.assertDrained();
  });

  it('leaves others their turn within a long run', () => {
    const machine = new DiskMachine({ pages: 1024 });
    for (let page = 0; page < 1024; page += 2) machine.swap.setZero(machine.slot(page));
    machine.rt.point = () => false;
    let ms = 0;
    machine.rt.nowMs = () => (ms += 0.3);
    const request = submit(machine.disk, 'trim', 0, 1024 * 4096);
    assert.equal(request.finished, false);
    machine.settle();
    assert.equal(request.finished, true);
    assert.equal(machine.swap.table.usedSlots, 0);
  });
});

describe('zero', () => {
  it('makes zeros of every byte that it covers and of no other', () => {
    const machine = filled();
    const expected = joined(wordPage(1), zeroPage(), wordPage(3), randomPage(4));
    for (const [offset, length] of [
      [10, 20],
      [4096 * 2 - 5, 10],
      [4096 * 2 + 100, 4096 + 500],
      [0, 4096],
    ] as const) {
      assert.equal(machine.request('zero', offset, length).error, 0);
      expected.fill(0, offset, offset + length);
      assert.deepEqual(machine.read(0, 4), expected);
    }
  });

  it('rewrites the rest of a page on the device when zswap refuses it', () => {
    const machine = filled();
    machine.params.enabled = false;
    assert.equal(machine.request('zero', 2 * 4096 - 10, 4096).error, 0);
    const expected = joined(wordPage(3)).fill(0, 0, 4096 - 10);
    assert.deepEqual(machine.read(2), expected);
    assert.equal(machine.kind(2), 'device');
    assert.equal(machine.swap.backing?.usedPages, 2);
  });

  it('changes nothing of a page in part that it cannot read or keep', () => {
    const machine = filled();
    machine.corruptDevicePage(machine.swap.table.payload(machine.slot(2)));
    assert.equal(machine.request('zero', 2 * 4096 + 5, 10).error, EIO);
    assert.equal(machine.kind(2), 'device');
    machine.memcg.setWriteback(false);
    machine.params.enabled = false;
    assert.equal(machine.request('zero', 5, 10).error, ENOSPC);
    assert.deepEqual(machine.read(0), wordPage(1));
  });
});
