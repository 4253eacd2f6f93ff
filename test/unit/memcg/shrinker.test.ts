/** The arithmetic of pressure, against the worked numbers of the kernel's core. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MemcgTree } from '../../../src/memcg/memcg.ts';
import {
  DEF_PRIORITY,
  PressureShrinker,
  SHRINK_BATCH,
  type ScanResult,
} from '../../../src/memcg/shrinker.ts';

function shrinkerOf(
  freeable: number,
  scan: (objects: number) => ScanResult = (objects) => ({ scanned: objects, stop: false }),
): { shrinker: PressureShrinker; calls: number[] } {
  const calls: number[] = [];
  const shrinker = new PressureShrinker({
    count: () => freeable,
    scan: async (_, objects) => {
      calls.push(objects);
      return await Promise.resolve(scan(objects));
    },
  });
  return { shrinker, calls };
}

const { root } = new MemcgTree();

describe('PressureShrinker', () => {
  it('leaves few objects alone under mild pressure', async () => {
    const { shrinker, calls } = shrinkerOf(17);
    assert.equal(await shrinker.shrink(root, DEF_PRIORITY), 0);
    assert.deepEqual(calls, []);
    assert.equal(shrinker.deferred(root), 0);
  });

  it('puts off what is less than a batch', async () => {
    const { shrinker, calls } = shrinkerOf(17);
    assert.equal(await shrinker.shrink(root, 2), 0);
    assert.deepEqual(calls, []);
    assert.equal(shrinker.deferred(root), 8);
  });

  it('looks at twice what there is when pressure is sharpest', async () => {
    const { shrinker, calls } = shrinkerOf(17);
    assert.equal(await shrinker.shrink(root, 0), 34);
    assert.deepEqual(calls, [34]);
  });

  it('goes in batches, and stops when told to', async () => {
    const many = shrinkerOf(1000);
    assert.equal(await many.shrinker.shrink(root, 1), 896);
    assert.deepEqual(
      many.calls,
      Array.from({ length: 7 }, () => SHRINK_BATCH),
    );
    assert.equal(many.shrinker.deferred(root), 104);
    const stopping = shrinkerOf(1000, () => ({ scanned: 10, stop: true }));
    assert.equal(await stopping.shrinker.shrink(root, 1), 10);
    assert.equal(stopping.shrinker.deferred(root), 990);
  });

  it('does what was put off later, and never puts off more than twice what there is', async () => {
    const { shrinker, calls } = shrinkerOf(100);
    for (let i = 0; i < 30; i += 1) await shrinker.shrink(root, 3);
    assert.ok(shrinker.deferred(root) <= 200);
    await shrinker.shrink(root, 0);
    assert.ok(calls.length > 0);
  });

  it('gives a parent what a group that goes away has put off', async () => {
    const memcgs = new MemcgTree();
    const child = memcgs.create('child');
    const { shrinker } = shrinkerOf(17);
    await shrinker.shrink(child, 2);
    shrinker.reparent(child, memcgs.root);
    assert.equal(shrinker.deferred(child), 0);
    assert.equal(shrinker.deferred(memcgs.root), 8);
  });
});
