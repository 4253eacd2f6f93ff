import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExportTable } from '../../../src/blk/export-table.ts';
import { MIB } from '../../../src/std/units.ts';
import { createZpool } from '../../../src/zpool/open.ts';
import { submit } from '../../support/client.ts';
import { TestMachine } from '../../support/machine.ts';

describe('an export that is being removed', () => {
  it('is not offered, keeps its name until it has gone, and can be removed twice', async () => {
    const machine = new TestMachine();
    const table = new ExportTable(machine.zswap, {
      zpool: () => 'zsmalloc',
      createZpool: (cells) => createZpool('zsmalloc', machine.arena, cells),
    });
    const vm = { name: 'vm', sizeBytes: MIB };
    table.add(vm, undefined);
    assert.throws(() => table.add(vm, undefined), { code: 'ZSWAP_EXPORT' });
    submit(table.get('vm'), 'write', 0, 4096, new Uint8Array(4096).fill(1));
    const removals = [table.remove('vm'), table.remove('vm'), table.settled()];
    assert.deepEqual(table.disks, []);
    assert.deepEqual(table.list(), [{ name: 'vm', size_bytes: MIB, state: 'removing' }]);
    assert.throws(() => table.add(vm, undefined), /still being removed/);
    machine.settle();
    await Promise.all(removals);
    assert.deepEqual(table.list(), []);
    assert.throws(() => table.remove('vm'), { name: 'RangeError' });
    table.add(vm, undefined);
    assert.equal(table.get('vm').area.firstSlot, 0);
  });
});
