import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openMachine } from '../../../src/machine/machine.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { makeFolder } from '../../support/storage.ts';

/** Bytes that differ from page to page and hardly compress. */
function fillPage(page: Buffer, number: number): void {
  for (let i = 0; i < PAGE_SIZE; i += 2) {
    page.writeUInt16LE((number * 7919 + i * i * 31 + (i >> 3) * number) & 0xffff, i);
  }
}

describe('openMachine', () => {
  it('holds more than its frames and its pool, on a device', async (t) => {
    const folder = makeFolder();
    t.after(() => folder.remove());
    const path = join(folder.path, 'swap');
    const pages = 2048;
    const machine = await openMachine({
      memory: '1MiB',
      pool: { limit: '512KiB' },
      swap: [{ path, size: '64MiB' }],
    });
    const region = machine.map({ bytes: pages * PAGE_SIZE });
    const expected = Buffer.alloc(PAGE_SIZE);
    const page = Buffer.alloc(PAGE_SIZE);
    for (let number = 0; number < pages; number += 1) {
      fillPage(page, number);
      await region.write(number * PAGE_SIZE, page);
    }
    for (let number = 0; number < pages; number += 1) {
      fillPage(expected, number);
      await region.read(number * PAGE_SIZE, page);
      assert.ok(page.equals(expected), `page ${number}`);
    }
    await region.unmap();
    const { memory, swap, zswap } = machine.stats();
    assert.deepEqual([memory.used, swap?.used_bytes, zswap.stored_pages], [0, 0, 0]);
    await machine.close();
  });
});
