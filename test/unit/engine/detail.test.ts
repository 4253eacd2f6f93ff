// Goal: what is said of the pool's inside agrees with what was put there. Method: an engine with
// real codecs, written to through its disk as the NBD server does.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Payload } from '../../../src/blk/payload.ts';
import type { Engine } from '../../../src/cli/engine/engine.ts';
import { openEngine } from '../../../src/cli/engine/open-engine.ts';
import { SAMPLE_EVERY } from '../../../src/rt/sampled-timer.ts';
import { OK } from '../../../src/std/errno.ts';
import { MIB, PAGE_SIZE } from '../../../src/std/units.ts';
import { generateMemory } from '../../support/sample-pages.ts';

const PAGES = 1024;

let engine: Engine;
beforeEach(async () => {
  engine = await openEngine({
    exports: ['a', 'b'].map((name) => ({ name, sizeBytes: 16 * MIB })),
    compressor: 'lz4',
    poolLimit: { kind: 'bytes', bytes: 64 * MIB },
  });
});
afterEach(() => engine.close());

/** Writes or reads pages one by one, from the start of an export. */
function transfer(op: 'read' | 'write', exportIndex: number, bytes: Uint8Array): void {
  const disk = engine.exports[exportIndex];
  assert.ok(disk);
  const request = disk.createRequest(() => assert.fail('it had to wait'));
  const payload = new Payload(PAGE_SIZE);
  for (let offset = 0; offset < bytes.length; offset += PAGE_SIZE) {
    payload.bytes.set(bytes.subarray(offset, offset + PAGE_SIZE));
    Object.assign(request, { op, offset, length: PAGE_SIZE, payload, available: PAGE_SIZE });
    assert.ok(disk.start(request));
    assert.equal(request.error, OK);
  }
}

describe('the inside of the pool', () => {
  it('is empty at first', () => {
    const { size_classes, lru, latency } = engine.snapshot();
    assert.deepEqual(size_classes, []);
    assert.deepEqual([lru.sampled_pages, lru.oldest_seconds], [0, 0]);
    assert.deepEqual([latency.store.count, latency.load.count], [0, 0]);
  });

  it('has the size classes of what is stored, as many pages and objects as the pool', () => {
    transfer('write', 0, generateMemory(PAGES));
    const { size_classes: rows, zswap } = engine.snapshot();
    const sum = (value: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((total, row) => total + value(row), 0);
    assert.ok(rows.length > 3);
    assert.equal(
      sum((row) => row.obj_used),
      zswap.stored_pages,
    );
    assert.equal(sum((row) => row.pages_used) * PAGE_SIZE, zswap.pool_total_size);
    for (const row of rows) {
      const zspages = row.zspages.reduce((a, b) => a + b, 0);
      assert.equal(zspages * row.pages_per_zspage, row.pages_used);
      assert.ok(row.obj_used <= row.obj_allocated);
    }
    assert.deepEqual(
      rows.map(({ size }) => size),
      rows.map(({ size }) => size).toSorted((x, y) => x - y),
    );
  });

  it('adds up the classes of pools of two compressors', async () => {
    transfer('write', 0, generateMemory(PAGES));
    await engine.setParameter('compressor', 'lzo');
    transfer('write', 1, generateMemory(PAGES));
    const { size_classes: rows, zswap } = engine.snapshot();
    assert.equal(
      rows.reduce((sum, row) => sum + row.obj_used, 0),
      zswap.stored_pages,
    );
    assert.equal(new Set(rows.map(({ size }) => size)).size, rows.length);
  });

  it('has no size classes with another allocator', async () => {
    await engine.setParameter('zpool', 'zbud');
    transfer('write', 0, generateMemory(4));
    const { size_classes, zswap } = engine.snapshot();
    assert.equal(zswap.stored_pages, 4);
    assert.deepEqual(size_classes, []);
  });

  it('samples ages by export, and forgets pages that are gone', async () => {
    transfer('write', 0, generateMemory(PAGES));
    const { lru, zswap } = engine.snapshot();
    assert.equal(lru.sampled_pages, Math.floor(zswap.stored_pages / 64));
    assert.equal(
      lru.age_pages.reduce((a, b) => a + b, 0),
      lru.sampled_pages,
    );
    assert.deepEqual(lru.export_oldest_seconds, { a: lru.oldest_seconds });
    await engine.removeExport('a');
    assert.equal(engine.snapshot().lru.sampled_pages, 0);
  });

  it('times one page in so many, in and out', () => {
    const memory = generateMemory(PAGES);
    transfer('write', 0, memory);
    transfer('read', 0, new Uint8Array(memory.length));
    const { latency, vmstat } = engine.snapshot();
    assert.equal(latency.store.count, Math.floor(vmstat.zswpout / SAMPLE_EVERY));
    assert.equal(latency.load.count, Math.floor(vmstat.zswpin / SAMPLE_EVERY));
    assert.ok(latency.store.sum_seconds > 0 && latency.load.sum_seconds > 0);
  });
});
