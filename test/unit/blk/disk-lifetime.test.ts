import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addDisk, removeDisk } from '../../../src/blk/disk-lifetime.ts';
import { ESHUTDOWN } from '../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { ClientRequest, submit } from '../../support/client.ts';
import { TestMachine } from '../../support/machine.ts';

const data = new Uint8Array(2 * PAGE_SIZE).fill(7);

describe('removeDisk', () => {
  it('waits for a write whose data has not come, and refuses what is new', () => {
    const machine = new TestMachine();
    const disk = addDisk(machine.zswap, 'vm', 8);
    const write = new ClientRequest(disk, 'write', 0, data.length, data);
    write.request.available = PAGE_SIZE;
    write.start();
    let gone = false;
    removeDisk(machine.zswap, disk, () => (gone = true));
    machine.settle();
    assert.equal(gone, false);
    assert.equal(machine.zswap.stats.stored_pages, 1);
    for (const op of ['read', 'write', 'trim', 'zero', 'flush'] as const) {
      const request = submit(disk, op, 0, op === 'flush' ? 0 : PAGE_SIZE);
      assert.deepEqual([request.finished, request.error], [true, ESHUTDOWN], op);
    }
    write.feed(data.length);
    machine.settle();
    assert.deepEqual([write.error, gone], [0, true]);
    machine.zswap.assertDrained();
    assert.deepEqual(machine.swap.areas, []);
    assert.deepEqual([...machine.memcgs.groups()], [machine.memcgs.root]);
  });

  it('shows nothing of whoever has the slots afterwards', () => {
    const machine = new TestMachine();
    const disk = addDisk(machine.zswap, 'vm', 8);
    removeDisk(machine.zswap, disk, () => {});
    machine.settle();
    submit(addDisk(machine.zswap, 'next', 8), 'write', 0, data.length, data);
    machine.settle();
    disk.status(0, data.length, (bytes, state) => {
      assert.deepEqual([bytes, state], [data.length, 'hole']);
      return true;
    });
  });
});

describe('addDisk', () => {
  it('leaves no group behind where there is no room', () => {
    const machine = new TestMachine();
    assert.throws(() => addDisk(machine.zswap, 'vm', 2 ** 33), { code: 'ZSWAP_EXPORT' });
    assert.deepEqual([...machine.memcgs.groups()], [machine.memcgs.root]);
  });
});
