import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { STATUS_PAGES_MAX } from '../../../src/blk/swap-disk.ts';
import { submit } from '../../support/client.ts';
import { DiskMachine } from '../../support/disk-machine.ts';
import { TestMachine } from '../../support/machine.ts';
import { joined, wordPage, zeroPage } from '../../support/chosen-pages.ts';
import { createWordCodec } from '../../support/word-codec.ts';

function runsOf(machine: DiskMachine, offset: number, length: number): [number, string][] {
  const runs: [number, string][] = [];
  machine.disk.status(offset, length, (bytes, state) => {
    runs.push([bytes, state]);
    return true;
  });
  return runs;
}

describe('SwapDisk', () => {
  it('is one area, and page n is its slot n', () => {
    const machine = new TestMachine({ codec: createWordCodec() });
    machine.export('first', 3);
    const { disk } = machine.export('second', 10);
    assert.equal(disk.name, 'second');
    assert.equal(disk.sizeBytes, 10 * 4096);
    submit(disk, 'write', 4096, 4096, wordPage(5));
    machine.settle();
    assert.equal(machine.swap.table.kind(disk.area.slot(1)), 'entry');
    assert.equal(machine.swap.table.usedSlots, 1);
  });

  it('keeps disks apart that share a pool and a device', () => {
    const machine = new TestMachine({ codec: createWordCodec(), devicePages: 16 });
    const disks = ['a', 'b'].map((name) => machine.export(name, 4).disk);
    for (const enabled of [true, false]) {
      machine.params.enabled = enabled;
      for (const [i, disk] of disks.entries()) {
        submit(disk, 'write', enabled ? 0 : 4096, 4096, wordPage(10 + i));
      }
      machine.settle();
    }
    for (const [i, disk] of disks.entries()) {
      const request = submit(disk, 'read', 0, 2 * 4096);
      machine.settle();
      assert.deepEqual(request.data, joined(wordPage(10 + i), wordPage(10 + i)));
    }
  });

  it('takes requests of no bytes, up to its very end, and none beyond', () => {
    const machine = new DiskMachine({ pages: 2 });
    for (const op of ['read', 'write', 'trim', 'zero', 'flush'] as const) {
      assert.equal(machine.request(op, 2 * 4096, 0).error, 0);
    }
    assert.equal(machine.write(1, wordPage(1)), 0);
    assert.throws(() => submit(machine.disk, 'read', 4097, 4096), { name: 'InvariantError' });
    assert.throws(() => submit(machine.disk, 'read', -1, 1), { name: 'InvariantError' });
  });

  it('calls back only for a request that had to wait, once, from an empty stack', () => {
    const machine = new DiskMachine();
    machine.rt.point = () => false;
    let calls = 0;
    const request = machine.disk.createRequest(() => {
      calls += 1;
    });
    request.op = 'trim';
    request.length = 4096;
    assert.equal(machine.disk.start(request), true);
    assert.equal(calls, 0);
    machine.write(0, wordPage(1));
    const owner = { resume: (): void => {} };
    machine.swap.cache.tryLock(machine.slot(0), owner);
    assert.equal(machine.disk.start(request), false);
    assert.equal(machine.disk.underWay, 1);
    machine.swap.cache.unlock(machine.slot(0), owner);
    assert.equal(calls, 0);
    machine.settle();
    assert.equal(calls, 1);
    assert.equal(machine.disk.underWay, 0);
  });

  it('has a completed write in place, so that a flush has nothing to do', () => {
    const machine = new DiskMachine();
    assert.equal(submit(machine.disk, 'flush', 0, 0).finished, true);
  });
});

describe('status', () => {
  it('tells data, zeros and holes apart, in runs cut to the range', () => {
    const machine = new DiskMachine({ pages: 16, devicePages: 8 });
    machine.write(1, joined(wordPage(1), wordPage(2), zeroPage()));
    machine.spillPages(4, wordPage(4));
    assert.deepEqual(runsOf(machine, 0, 16 * 4096), [
      [4096, 'hole'],
      [2 * 4096, 'data'],
      [4096, 'zero'],
      [4096, 'data'],
      [11 * 4096, 'hole'],
    ]);
    assert.deepEqual(runsOf(machine, 4095, 4098), [
      [1, 'hole'],
      [4097, 'data'],
    ]);
    assert.deepEqual(runsOf(machine, 4096 + 10, 20), [[20, 'data']]);
    assert.deepEqual(runsOf(machine, 0, 0), []);
  });

  it('stops when its caller has enough', () => {
    const machine = new DiskMachine({ pages: 16 });
    machine.write(1, wordPage(1));
    let visits = 0;
    machine.disk.status(0, 16 * 4096, () => {
      visits += 1;
      return visits < 2;
    });
    assert.equal(visits, 2);
  });

  it('looks at no more than STATUS_PAGES_MAX pages', () => {
    const machine = new DiskMachine({ pages: STATUS_PAGES_MAX + 10 });
    const all = STATUS_PAGES_MAX * 4096;
    assert.deepEqual(runsOf(machine, 0, all + 5 * 4096), [[all, 'hole']]);
    assert.deepEqual(runsOf(machine, 100, all), [[all - 100, 'hole']]);
    machine.swap.setZero(machine.slot(STATUS_PAGES_MAX));
    assert.deepEqual(runsOf(machine, 5 * 4096, all), [
      [all - 5 * 4096, 'hole'],
      [4096, 'zero'],
      [4 * 4096, 'hole'],
    ]);
  });
});
