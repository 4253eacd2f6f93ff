/**
 * The kernel's own selftests for zswap (tools/testing/selftests/cgroup/test_zswap.c), restated by
 * their names for exports and their groups: what they assert of a cgroup, asserted of a tenant
 * here.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { SwapDisk } from '../../src/blk/swap-disk.ts';
import type { Memcg } from '../../src/memcg/memcg.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { randomPage, wordPage } from '../support/chosen-pages.ts';
import { submit } from '../support/client.ts';
import { TestMachine } from '../support/machine.ts';
import { createWordCodec } from '../support/word-codec.ts';

interface Tenant {
  readonly disk: SwapDisk;
  readonly memcg: Memcg;
}

const PAGES = 128;
/** A page that takes 1216 bytes in the pool, told apart by its number. */
const contents = (page: number): Uint8Array => wordPage(5 * page + 4);

function machineOf(): TestMachine {
  return new TestMachine({ codec: createWordCodec(), devicePages: 1024 });
}

function swapOut(machine: TestMachine, { disk }: Tenant, page: number, data: Uint8Array): void {
  const request = submit(disk, 'write', page * PAGE_SIZE, PAGE_SIZE, data);
  machine.rt.run(1_000_000);
  assert.equal(request.error, 0);
}

function swapOutAll(machine: TestMachine, tenant: Tenant): void {
  for (let page = 0; page < PAGES; page += 1) swapOut(machine, tenant, page, contents(page));
}

function assertSwapsIn(machine: TestMachine, { disk }: Tenant): void {
  for (let page = 0; page < PAGES; page += 1) {
    const request = submit(disk, 'read', page * PAGE_SIZE, PAGE_SIZE);
    machine.rt.run(1_000_000);
    assert.deepEqual(Buffer.from(request.data), Buffer.from(contents(page)));
  }
}

describe('test_zswap', () => {
  it('test_zswap_usage: swapping out more than fits makes zswpout rise', () => {
    const machine = machineOf();
    const tenant = machine.export('vm', PAGES);
    swapOutAll(machine, tenant);
    assert.equal(tenant.memcg.events.zswpout, PAGES);
    assert.ok(tenant.memcg.zswapCurrent > 0);
  });

  it('test_swapin_nozswap: with memory.zswap.max 0 pages swap in and out without zswap', () => {
    const machine = machineOf();
    const tenant = machine.export('vm', PAGES);
    tenant.memcg.setZswapMax(0);
    swapOutAll(machine, tenant);
    assertSwapsIn(machine, tenant);
    assert.equal(tenant.memcg.events.zswpout, 0);
    assert.equal(tenant.memcg.events.pswpout, PAGES);
    assert.equal(tenant.memcg.events.pswpin, PAGES);
  });

  it('test_zswapin: with memory.zswap.max max every page comes back from zswap', () => {
    const machine = machineOf();
    const tenant = machine.export('vm', PAGES);
    swapOutAll(machine, tenant);
    assertSwapsIn(machine, tenant);
    assert.equal(tenant.memcg.events.zswpin, PAGES);
    assert.equal(tenant.memcg.events.pswpin, 0);
  });

  for (const { name, own, parent } of [
    { name: 'test_zswap_writeback_enabled', own: true, parent: true },
    { name: 'test_zswap_writeback_disabled', own: false, parent: true },
    { name: 'test_zswap_writeback_disabled, by the parent', own: true, parent: false },
  ]) {
    const enabled = own && parent;
    it(`${name}: at half its size a group ${enabled ? 'is' : 'is not'} written back`, () => {
      const machine = machineOf();
      const above = machine.memcgs.create('above');
      const memcg = machine.memcgs.create('vm', above);
      const area = machine.swap.swapon('vm', 2 * PAGES, memcg);
      const tenant = { disk: machine.diskOf(area), memcg };
      swapOutAll(machine, tenant);
      memcg.setWriteback(own);
      above.setWriteback(parent);
      memcg.setZswapMax(Math.floor(memcg.zswapCurrent / 2));
      for (let page = PAGES; page < 2 * PAGES; page += 1) {
        submit(tenant.disk, 'write', page * PAGE_SIZE, PAGE_SIZE, contents(page));
        machine.rt.run(1_000_000);
      }
      assert.equal(memcg.events.zswpwb > 0, enabled);
      assert.equal(memcg.events.pswpout > 0, enabled, 'nor does a refused page go to the device');
      assertSwapsIn(machine, tenant);
    });
  }

  it('test_no_invasive_cgroup_shrink: one group at its limit costs another one nothing', () => {
    const machine = machineOf();
    const control = machine.export('control', PAGES);
    const pushed = machine.export('pushed', PAGES);
    swapOutAll(machine, control);
    pushed.memcg.setZswapMax(3 * PAGE_SIZE);
    swapOutAll(machine, pushed);
    assert.ok(pushed.memcg.events.zswpwb > 0);
    assert.equal(control.memcg.events.zswpwb, 0);
    assert.equal(control.memcg.zswappedPages, PAGES);
  });

  it('test_no_kmem_bypass: pages are charged to their owner, whoever does the work', () => {
    const machine = machineOf();
    const tenants = ['a', 'b'].map((name) => machine.export(name, PAGES));
    const requests = tenants.flatMap(({ disk }) =>
      Array.from({ length: 32 }, (_, page) =>
        submit(disk, 'write', page * PAGE_SIZE, PAGE_SIZE, contents(page)),
      ),
    );
    // All of them wait and are finished by the runtime, in any order.
    machine.settle();
    assert.ok(requests.every(({ finished, error }) => finished && error === 0));
    for (const { memcg } of tenants) assert.equal(memcg.zswappedPages, 32);
    assert.equal(machine.memcgs.root.zswappedPages, 64);
  });

  it('test_zswap_incompressible: random pages count as such until they are freed', () => {
    const machine = machineOf();
    const tenant = machine.export('vm', PAGES);
    for (let page = 0; page < 16; page += 1) swapOut(machine, tenant, page, randomPage(page + 1));
    assert.equal(machine.zswap.stats.stored_incompressible_pages, 16);
    submit(tenant.disk, 'trim', 0, PAGES * PAGE_SIZE);
    machine.settle();
    assert.equal(machine.zswap.stats.stored_incompressible_pages, 0);
    assert.equal(tenant.memcg.zswapCurrent, 0);
  });
});
