import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeNbd, mergeSizeClasses, mergeSnapshots } from '../../../src/metrics/merge.ts';
import type { StatsSnapshot } from '../../../src/metrics/snapshot.ts';
import { openEngine } from '../../../src/index.ts';
import { submit } from '../../support/client.ts';
import { generateMemory } from '../../support/sample-pages.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';

/** The statistics of an engine with one export into which so many pages were written. */
async function snapshotOf(name: string, pages: number): Promise<StatsSnapshot> {
  const engine = await openEngine({ exports: [{ name, sizeBytes: pages * PAGE_SIZE }] });
  const disk = engine.exports[0];
  assert.ok(disk !== undefined);
  const memory = generateMemory(pages, pages);
  const request = submit(disk, 'write', 0, memory.length, memory);
  while (!request.finished) await engine.rt.yieldNow();
  const stats = engine.snapshot();
  await engine.close();
  return stats;
}

describe('mergeSnapshots', () => {
  it('adds up what is counted, and keeps what belongs to an export', async () => {
    const [a, b] = [await snapshotOf('a', 64), await snapshotOf('b', 96)];
    const both = mergeSnapshots([a, b]);
    for (const key of ['stored_pages', 'pool_total_size', 'reject_compress_poor'] as const) {
      assert.equal(both.zswap[key], a.zswap[key] + b.zswap[key], key);
    }
    assert.ok(both.zswap.stored_pages > 100);
    assert.equal(both.vmstat.zswpout, a.vmstat.zswpout + b.vmstat.zswpout);
    assert.deepEqual(both.memcg, { ...a.memcg, ...b.memcg });
    assert.deepEqual(both.parameters, a.parameters);
    assert.equal(both.process.rss, a.process.rss);
    assert.equal(both.process.metadata_bytes, a.process.metadata_bytes + b.process.metadata_bytes);
    assert.equal(both.lru.sampled_pages, a.lru.sampled_pages + b.lru.sampled_pages);
    const used = (stats: StatsSnapshot): number =>
      stats.size_classes.reduce((sum, row) => sum + row.obj_used, 0);
    assert.equal(used(both), used(a) + used(b));
    assert.equal(both.latency.store.count, a.latency.store.count + b.latency.store.count);
    assert.equal('spill' in both, false);
  });

  it('keeps an export whatever its name is', async () => {
    const [a, b] = [await snapshotOf('__proto__', 16), await snapshotOf('b', 16)];
    const both = mergeSnapshots([a, b]);
    assert.deepEqual(Object.keys(both.memcg), ['__proto__', 'b']);
  });

  it('is the same as the only one', async () => {
    const stats = await snapshotOf('a', 16);
    assert.deepEqual(mergeSnapshots([stats]), stats);
  });

  it('shows a device that one of them cannot write to', async () => {
    const stats = await snapshotOf('a', 16);
    const spill = {
      path: 'x.0',
      size_bytes: 100,
      used_bytes: 10,
      held_bytes: 20,
      direct: true,
      writable: true,
      io_errors: 1,
      checksum_errors: 0,
    };
    const broken = { ...spill, path: 'x.1', writable: false, direct: false };
    const merged = mergeSnapshots([
      { ...stats, spill },
      { ...stats, spill: broken },
    ]);
    assert.deepEqual(merged.spill, {
      path: 'x.0, x.1',
      size_bytes: 200,
      used_bytes: 20,
      held_bytes: 40,
      direct: false,
      writable: false,
      io_errors: 2,
      checksum_errors: 0,
    });
  });
});

describe('mergeSizeClasses', () => {
  it('makes one row of a class, smallest first', () => {
    const row = (size: number, used: number): Parameters<typeof mergeSizeClasses>[0][number] => ({
      size,
      zspages: [0, used, 1],
      obj_allocated: 10,
      obj_used: used,
      pages_used: 2,
      pages_per_zspage: 1,
      freeable: 1,
    });
    const merged = mergeSizeClasses([row(64, 3), row(32, 4), row(64, 5)]);
    assert.deepEqual(
      merged.map(({ size, obj_used: used, zspages }) => [size, used, zspages]),
      [
        [32, 4, [0, 4, 1]],
        [64, 8, [0, 8, 2]],
      ],
    );
  });
});

describe('mergeNbd', () => {
  it('adds up requests and bytes by command, and durations by bucket', () => {
    const latency = { count: 2, sum_seconds: 0.5, buckets: [1, 1] };
    const stats = {
      connections: 1,
      connections_accepted: 2,
      connections_refused: 3,
      connections_dropped: 4,
      requests: { read: 1, write: 2, trim: 3, write_zeroes: 4, flush: 5, block_status: 6 },
      bytes: { read: 1, write: 2, trim: 3, write_zeroes: 4 },
      errors: 7,
      latency: {
        read: latency,
        write: latency,
        trim: latency,
        write_zeroes: latency,
        flush: latency,
      },
    };
    const twice = mergeNbd([stats, stats]);
    assert.equal(twice.connections_dropped, 8);
    assert.deepEqual(twice.requests, {
      read: 2,
      write: 4,
      trim: 6,
      write_zeroes: 8,
      flush: 10,
      block_status: 12,
    });
    assert.deepEqual(twice.bytes, { read: 2, write: 4, trim: 6, write_zeroes: 8 });
    assert.deepEqual(twice.latency.flush, { count: 4, sum_seconds: 1, buckets: [2, 2] });
  });
});
