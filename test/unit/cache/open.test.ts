import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openCache, OPEN_BYTES_MIN, OPEN_BYTES_MIN_SPILL } from '../../../src/cache/open.ts';
import { MIB } from '../../../src/std/units.ts';
import { scratchFolder } from '../../support/project.ts';
import { assertWithin, jsonValue, noiseValue, openRealCache } from '../../support/real-cache.ts';

/** More than fit into the smallest cache. */
const RECORDS = 18_000;

describe('a cache in RAM', () => {
  it('takes everything at once and keeps to its limit all the time', async (t) => {
    const cache = await openRealCache(t, { maxBytes: OPEN_BYTES_MIN });
    for (let id = 0; id < RECORDS; id += 1) {
      assert.equal(cache.setSync(`user:${id}`, jsonValue(id)), 'stored');
      assertWithin(cache);
    }
    const { evicted, payloadBytes } = cache.stats();
    assert.ok(evicted > 0, 'more was set than fits');
    assert.ok(payloadBytes > 1.2 * MIB, `${payloadBytes} bytes in what is left of 4 MiB`);
    let held = 0;
    for (let id = 0; id < RECORDS; id += 1) {
      const value = cache.getSync(`user:${id}`);
      assertWithin(cache);
      if (value === undefined) continue;
      assert.ok(value !== 'would-wait' && jsonValue(id).equals(value));
      held += 1;
    }
    assert.equal(held, cache.size);
  });

  it('holds what does not compress, and evicts for it', async (t) => {
    const cache = await openRealCache(t, { maxBytes: 6 * MIB });
    for (let id = 0; id < 1000; id += 1) {
      assert.equal(cache.setSync(`noise:${id}`, noiseValue(id, 10_000)), 'stored');
      assertWithin(cache);
    }
    assert.ok(cache.stats().payloadBytes > 2 * MIB);
    assert.deepEqual(cache.getSync('noise:999'), noiseValue(999, 10_000));
  });

  it('gives memory back when it is cleared', async (t) => {
    const cache = await openRealCache(t, { maxBytes: 8 * MIB });
    for (let id = 0; id < 20_000; id += 1) cache.setSync(`user:${id}`, jsonValue(id));
    const full = cache.memoryUsage();
    cache.clearSync();
    await cache.idle();
    const empty = cache.memoryUsage();
    assert.equal(cache.size, 0);
    assert.ok(full.total - empty.total > 3 * MIB, `${full.total} to ${empty.total} bytes`);
    assert.equal(cache.setSync('again', jsonValue(1)), 'stored');
  });

  it('uses the compressor that it is told to', async (t) => {
    const held: number[] = [];
    for (const compressor of ['null', 'zstd:3']) {
      const cache = await openRealCache(t, { maxBytes: OPEN_BYTES_MIN, compressor });
      for (let id = 0; id < 12_000; id += 1) cache.setSync(`user:${id}`, jsonValue(id));
      held.push(cache.size);
    }
    const [plain = 0, thorough = 0] = held;
    assert.ok(thorough > plain * 1.2, `${thorough} entries, and ${plain} without compression`);
  });
});

describe('a cache with a disk', () => {
  it('keeps every entry and keeps to its limit', async (t) => {
    const cache = await openRealCache(t, { maxBytes: OPEN_BYTES_MIN_SPILL }, 64 * MIB);
    for (let id = 0; id < 40_000; id += 1) {
      const value = jsonValue(id);
      if (cache.setSync(`user:${id}`, value) === 'would-wait') {
        assert.equal(await cache.set(`user:${id}`, value), true);
      }
      assertWithin(cache);
    }
    assert.equal(cache.size, 40_000);
    let waits = 0;
    for (let id = 0; id < 40_000; id += 11) {
      const quick = cache.getSync(`user:${id}`);
      if (quick === 'would-wait') waits += 1;
      const value = quick === 'would-wait' ? await cache.get(`user:${id}`) : quick;
      assert.ok(value !== undefined && jsonValue(id).equals(value));
      assertWithin(cache);
    }
    assert.ok(waits > 0, 'some of it is on disk');
  });

  it('evicts when RAM and disk are full', async (t) => {
    const cache = await openRealCache(t, { maxBytes: OPEN_BYTES_MIN_SPILL }, 1 * MIB);
    for (let id = 0; id < 4000; id += 1) {
      assert.equal(await cache.set(`noise:${id}`, noiseValue(id, 5000)), true);
      assertWithin(cache);
    }
    assert.ok(cache.stats().evicted > 0);
    assert.deepEqual(await cache.get('noise:3999'), noiseValue(3999, 5000));
  });

  it('is empty when it is opened again, also where it was not closed', async (t) => {
    const path = join(
      scratchFolder((remove) => t.after(remove)),
      'swap',
    );
    const options = { maxBytes: OPEN_BYTES_MIN_SPILL, spill: { path, bytes: 16 * MIB } };
    const first = await openCache(options);
    await first.set('key', jsonValue(1));
    await assert.rejects(openCache(options), { code: 'ZSWAP_DEVICE_BUSY' });
    await first.close();
    const killed = { ...options, spill: { ...options.spill, path: `${path}-killed` } };
    const library = JSON.stringify(import.meta.resolve('../../../src/cache/open.js'));
    const program = `
      import { openCache } from ${library};
      const cache = await openCache(${JSON.stringify(killed)});
      await cache.set('key', Buffer.from('value'));
      process.kill(process.pid, 'SIGKILL');`;
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
    assert.equal(ended.signal, 'SIGKILL', String(ended.stderr));
    for (const each of [options, killed]) {
      const again = await openCache(each);
      assert.equal(again.size, 0);
      assert.equal(await again.get('key'), undefined);
      assert.equal(await again.set('key', jsonValue(2)), true);
      await again.close();
    }
  });

  it('leaves a file alone that is something else', async (t) => {
    const path = join(
      scratchFolder((remove) => t.after(remove)),
      'letters',
    );
    writeFileSync(path, 'letters '.repeat(10_000));
    const options = { maxBytes: OPEN_BYTES_MIN_SPILL, spill: { path, bytes: 16 * MIB } };
    await assert.rejects(openCache(options), { code: 'ZSWAP_DEVICE_FOREIGN' });
  });
});

describe('groups of a cache', () => {
  for (const diskBytes of [0, 32 * MIB]) {
    it(`keep to limits of their own, ${diskBytes === 0 ? 'in RAM' : 'with a disk'}`, async (t) => {
      const cache = await openRealCache(t, { maxBytes: 16 * MIB }, diskBytes);
      const tenant = await cache.group('acme', { maxBytes: 2 * MIB });
      await cache.set('ours', jsonValue(0));
      for (let id = 0; id < 15_000; id += 1) {
        await tenant.set(`user:${id}`, jsonValue(id));
        if (id % 16 > 0) continue;
        assertWithin(cache);
        assertWithin(tenant);
      }
      assert.equal(cache.memoryUsage().limit, 16 * MIB);
      assert.equal(cache.size, 1, 'nothing of another is evicted');
      if (diskBytes > 0) assert.equal(tenant.size, 15_000);
      else assert.ok(tenant.stats().evicted > 0 && tenant.size > 1000);
      await tenant.close();
      for (let id = 0; id < 15_000; id += 1) await cache.set(`user:${id}`, jsonValue(id));
      assertWithin(cache);
      assert.deepEqual(await cache.get('user:14999'), new Uint8Array(jsonValue(14_999)));
    });
  }
});

describe('openCache', () => {
  it('refuses options that cannot be', async () => {
    await assert.rejects(openCache({ maxBytes: OPEN_BYTES_MIN - 1 }), RangeError);
    const spill = { path: 'swap', bytes: MIB };
    await assert.rejects(openCache({ maxBytes: OPEN_BYTES_MIN, spill }), RangeError);
    const noPath = { path: '', bytes: MIB };
    await assert.rejects(openCache({ maxBytes: 16 * MIB, spill: noPath }), TypeError);
    await assert.rejects(openCache({ maxBytes: 16 * MIB, compressor: 'lz5' }), {
      code: 'ZSWAP_CODEC',
    });
  });
});
