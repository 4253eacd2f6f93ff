import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { MachineOptions } from '../../../src/machine/api.ts';
import { openMachine } from '../../../src/machine/machine.ts';
import { MIB, PAGE_SIZE } from '../../../src/std/units.ts';
import { makeFolder } from '../../support/storage.ts';
import {
  assertPages,
  assertSound,
  mixedPage,
  noisePage,
  openTestMachine,
  textPage,
  writePages,
} from '../../support/test-machine.ts';

const PAGES = 1024;

describe('openMachine', () => {
  const wrong: readonly [string, MachineOptions, RegExp][] = [
    ['memory that is no size', { memory: 'much' }, /RangeError: memory: 'much' is not a size/],
    ['memory of another type', { memory: true as never }, /TypeError: memory must be a size/],
    ['less memory than a fault needs', { memory: '32KiB' }, /RangeError: memory in pages/],
    ['a pool limit below zero', { memory: MIB, pool: { limit: -1 } }, /RangeError: pool.limit/],
    [
      'an unknown allocator',
      { memory: MIB, pool: { zpool: 'slub' as never } },
      /TypeError: pool.z/,
    ],
    ['an unknown compressor', { memory: MIB, pool: { compressor: 'best' } }, /ZswapError.*best/],
    ['a threshold', { memory: MIB, pool: { acceptThresholdPercent: 101 } }, /RangeError: pool.acc/],
    ['a cluster', { memory: MIB, pageCluster: 10 }, /RangeError: pageCluster/],
    ['a way in', { memory: MIB, swapinMode: 'magic' as never }, /TypeError: swapinMode/],
    ['devices that are no array', { memory: MIB, swap: {} as never }, /TypeError: swap/],
    ['two devices', { memory: MIB, swap: [{ path: 'a' }, { path: 'b' }] }, /one is supported/],
    ['a device of no bytes', { memory: MIB, swap: [{ path: 'a', size: 1 }] }, /RangeError: swap s/],
    ['a device without a path', { memory: MIB, swap: [{ path: '' }] }, /TypeError: swap path/],
  ];
  for (const [what, options, said] of wrong) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(openMachine(options), (error) => said.test(String(error)));
    });
  }

  it('holds more than its frames and its pool, on a device', async (t) => {
    const { machine } = await openTestMachine(t);
    const region = machine.map({ bytes: PAGES * PAGE_SIZE });
    await writePages(region, 0, PAGES, noisePage);
    await assertPages(region, 0, PAGES, noisePage);
    const { memory, swap, zswap } = machine.stats();
    assert.ok(memory.used <= MIB && zswap.pool_total_size <= MIB / 4);
    assert.ok((swap?.used_bytes ?? 0) >= 2 * MIB);
    assertSound(machine);
    await region.unmap();
    const after = machine.stats();
    assert.deepEqual(
      [after.memory.used, after.swap?.used_bytes, after.zswap.stored_pages],
      [0, 0, 0],
    );
  });

  it('holds more than its frames in the pool, without a device', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: '1MiB' } }, false);
    const region = machine.map({ bytes: PAGES * PAGE_SIZE });
    await writePages(region, 0, PAGES, textPage);
    await assertPages(region, 0, PAGES, textPage);
    const { vmstat, swap } = machine.stats();
    assert.ok(vmstat.zswpout >= PAGES - 256);
    assert.equal(swap, undefined);
  });

  it('opens a device again that was closed, and refuses one that was not', async (t) => {
    const { machine, path } = await openTestMachine(t);
    await assert.rejects(openMachine({ memory: MIB, swap: [{ path, size: MIB }] }), {
      code: 'ZSWAP_DEVICE_BUSY',
    });
    await machine.close();
    const again = await openMachine({ memory: MIB, swap: [{ path, size: MIB }] });
    await again.close();
  });

  it('makes the device as large as it is told, and as a hole', async (t) => {
    const { path } = await openTestMachine(t);
    const { size, blocks } = statSync(path);
    assert.ok(size >= 64 * MIB && blocks * 512 < MIB);
  });
});

describe('Machine', () => {
  it('refuses regions and groups that cannot be', async (t) => {
    const { machine } = await openTestMachine(t, {}, false);
    const { machine: other } = await openTestMachine(t, {}, false);
    assert.throws(() => machine.map({ bytes: 0 }), RangeError);
    assert.throws(() => machine.map({ bytes: '20T' }), RangeError);
    assert.throws(() => machine.map({ bytes: MIB, order: 10 }), RangeError);
    assert.throws(() => machine.map({ bytes: MIB, name: '' }), TypeError);
    assert.throws(() => machine.map({ bytes: MIB, group: other.group('a') }), TypeError);
  });

  it('changes compressor, allocator and limits while it holds pages', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: '1MiB' } });
    const region = machine.map({ bytes: PAGES * PAGE_SIZE });
    await writePages(region, 0, PAGES, textPage);
    assert.equal(await machine.setParameter('compressor', 'zstd:1'), 'zstd:1');
    assert.equal(await machine.setParameter('zpool', 'zbud'), 'zbud');
    await writePages(region, 0, PAGES / 2, textPage);
    assert.equal(await machine.setParameter('max_pool_percent', '10'), '10');
    assert.equal(machine.stats().parameters.pool_size, Math.floor(25.6) * PAGE_SIZE);
    await assertPages(region, 0, PAGES, textPage);
    machine.group('a');
    assert.equal(await machine.setParameter('a:memory.max', '512K'), '524288');
    assert.equal(machine.stats().groups['a']?.['memory.max'], 524_288);
    for (const [name, value, error] of [
      ['b:memory.max', '1', /RangeError: there is no group named b/],
      ['a:memory.low', '1', /TypeError: unknown parameter memory.low of a group: there are memory/],
      ['swappiness', '1', /TypeError: unknown parameter swappiness: .* and of a group NAME:memory/],
      ['compressor', 'best', /RangeError: compressor: unknown compressor/],
      ['pool_size', 7 as never, /TypeError: pool_size takes text/],
    ] as const) {
      await assert.rejects(machine.setParameter(name, value), (it) => error.test(String(it)));
    }
  });

  it('tells figures by the names of the kernel', async (t) => {
    const { machine } = await openTestMachine(t);
    const group = machine.group('tenant');
    const region = machine.map({ bytes: PAGES * PAGE_SIZE, group, order: 2, name: 'data' });
    await writePages(region, 0, PAGES, textPage);
    const stats = machine.stats();
    assert.equal(stats.groups['tenant']?.['memory.current'], group.memoryCurrent);
    assert.equal(stats.groups['/']?.['memory.current'], group.memoryCurrent);
    assert.equal(stats.groups['tenant']?.anon, stats.memory.used);
    assert.ok(stats.events.pgfault >= PAGES / 4);
    assert.ok((stats.orders[2]?.anon_fault_alloc ?? 0) > 0);
    assert.ok(stats.vmstat.zswpout > 0);
    assert.equal(stats.process.metadata_bytes, machine.metadataBytes);
    assert.ok(stats.process.rss > stats.memory.resident && stats.memory.limit === MIB);
  });

  it('is closed once, with what is under way ended and everything after it refused', async (t) => {
    const { machine } = await openTestMachine(t);
    const region = machine.map({ bytes: PAGES * PAGE_SIZE });
    await writePages(region, 0, PAGES, noisePage);
    const pin = await region.pin(0);
    const target = Buffer.alloc(64 * PAGE_SIZE);
    const reading = region.read(100 * PAGE_SIZE, target);
    const closing = machine.close();
    assert.equal(machine.close(), closing);
    await closing;
    await reading;
    assert.ok(target.subarray(0, PAGE_SIZE).equals(noisePage(100)));
    const closed = { name: 'ZswapError', code: 'ZSWAP_CLOSED' };
    assert.throws(() => region.readSync(0, target), closed);
    assert.throws(() => pin.bytes, closed);
    assert.throws(() => machine.map({ bytes: MIB }), closed);
    assert.throws(() => machine.group('late'), closed);
    await assert.rejects(region.write(0, target), closed);
    await assert.rejects(region.pin(0), closed);
    await assert.rejects(machine.setParameter('enabled', '0'), closed);
    pin.release();
    await region.unmap();
  });

  it('is closed where its scope ends', async () => {
    const folder = makeFolder();
    const path = join(folder.path, 'swap');
    const machine = await openMachine({ memory: MIB, swap: [{ path, size: MIB }] });
    await machine[Symbol.asyncDispose]();
    assert.throws(() => machine.map({ bytes: MIB }), { code: 'ZSWAP_CLOSED' });
    folder.remove();
  });
});

describe('the swap device', () => {
  it('keeps copies of clean pages, and gives them up when half full', async (t) => {
    const { machine, path } = await openTestMachine(
      t,
      { memory: '4MiB', pool: { limit: 0 } },
      false,
    );
    // It has some room beside its size for pages that are overwritten.
    await machine.swapon({ path: `${path}.small`, size: '4MiB' });
    const region = machine.map({ bytes: 2048 * PAGE_SIZE });
    for (const [pages, isHalfFull] of [
      [512, false],
      [2048, true],
    ] as const) {
      await writePages(region, 0, pages, noisePage);
      await region.pageout(0, region.bytes);
      const before = machine.stats().swap?.used_bytes ?? 0;
      assert.equal(before, pages * PAGE_SIZE);
      await assertPages(region, 0, 64, noisePage);
      const given = before - (machine.stats().swap?.used_bytes ?? 0);
      assert.equal(given > 0, isHalfFull);
    }
  });
});

describe('swapoff and swapon', () => {
  it('bring everything into frames and pool, and take a device again', async (t) => {
    const { machine, path } = await openTestMachine(t, { memory: '2MiB', pool: { limit: '4MiB' } });
    const region = machine.map({ bytes: PAGES * PAGE_SIZE });
    const limit = await machine.setParameter('pool_size', '64K');
    assert.equal(limit, '65536');
    await writePages(region, 0, PAGES, mixedPage);
    assert.ok((machine.stats().swap?.used_bytes ?? 0) > 0);
    await machine.setParameter('pool_size', '4M');
    await machine.swapoff();
    assert.equal(machine.stats().swap, undefined);
    await assertPages(region, 0, PAGES, mixedPage);
    assertSound(machine);
    await assert.rejects(machine.swapoff(), { code: 'ZSWAP_BUSY' });
    await machine.swapon({ path, size: '64MiB' });
    await assert.rejects(machine.swapon({ path, size: '64MiB' }), { code: 'ZSWAP_BUSY' });
    await machine.setParameter('pool_size', '64K');
    await writePages(region, 0, PAGES, noisePage);
    await assertPages(region, 0, PAGES, noisePage);
    assert.ok((machine.stats().swap?.used_bytes ?? 0) > 0);
    assertSound(machine);
  });

  it('leave everything as it is where it does not fit', async (t) => {
    const { machine } = await openTestMachine(t);
    const region = machine.map({ bytes: PAGES * PAGE_SIZE });
    await writePages(region, 0, PAGES, noisePage);
    for (let i = 0; i < 3; i += 1) {
      await assert.rejects(machine.swapoff(), { code: 'ZSWAP_NO_MEMORY' });
      await assertPages(region, 0, PAGES, noisePage);
    }
    await writePages(region, 0, PAGES, textPage);
    assertSound(machine);
    await region.discard(128 * PAGE_SIZE, (PAGES - 128) * PAGE_SIZE);
    await machine.swapoff();
    await assertPages(region, 0, 128, textPage);
  });

  it('are given up when aborted, or when the machine is closed', async (t) => {
    const { machine } = await openTestMachine(t, { memory: '8MiB', pageCluster: 0 });
    const region = machine.map({ bytes: PAGES * PAGE_SIZE });
    await writePages(region, 0, PAGES, noisePage);
    await region.pageout(0, PAGES * PAGE_SIZE);
    const controller = new AbortController();
    const reason = new Error('enough');
    const removing = machine.swapoff({ signal: controller.signal });
    await assert.rejects(machine.swapoff(), { code: 'ZSWAP_BUSY' });
    controller.abort(reason);
    await assert.rejects(removing, reason);
    await assertPages(region, 0, 16, noisePage);
    const again = machine.swapoff();
    const closing = machine.close();
    await assert.rejects(again, { code: 'ZSWAP_BUSY' });
    await closing;
  });

  it('asks entries how warm they are as its options say', async (t) => {
    for (const shrinkerPolicy of ['second_chance', 'protected'] as const) {
      const pool = { limit: '1MiB', shrinkerPolicy, shrinkerEnabled: true };
      const { machine } = await openTestMachine(t, { pool });
      assert.equal(machine.core.stack.params.shrinkerPolicy, shrinkerPolicy);
      const group = machine.group('tenant');
      const region = machine.map({ bytes: MIB / 4, group, order: 2 });
      await writePages(region, 0, 64, mixedPage);
      await region.pageout(0, MIB / 4);
      const { lru, entries } = machine.core.stack.zswap;
      const oldest = lru.oldest(group.memcg.id);
      // A large folio's entries stay when it is read.
      assert.ok(region.readSync(0, Buffer.alloc(1)));
      assert.equal(entries.referenced(oldest), true);
      // Without a second chance an entry that was used must not be the first to go.
      const isStillOldest = lru.oldest(group.memcg.id) === oldest;
      assert.equal(isStillOldest, shrinkerPolicy === 'second_chance');
    }
    const pool = { shrinkerPolicy: 'third_chance' as never };
    await assert.rejects(openTestMachine(t, { pool }), /TypeError: pool.shrinkerPolicy/);
  });
});
