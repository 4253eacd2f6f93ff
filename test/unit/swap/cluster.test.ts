/** The rules of lists one at a time; the tests of slots try them together. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Clusters } from '../../../src/swap/cluster.ts';

const CLUSTER = 512;
const CHUNK_BYTES = 64 * CLUSTER * 3;

describe('Clusters', () => {
  it('move between the lists as their slots are allocated and freed', () => {
    const clusters = new Clusters(4 * CLUSTER);
    assert.equal(clusters.nonfull(3), 0);
    const cluster = clusters.take(3);
    assert.equal(clusters.nonfull(3), cluster);
    assert.equal(clusters.order(cluster), 3);
    clusters.fill(cluster, CLUSTER - 1);
    clusters.fragment(cluster);
    assert.deepEqual([clusters.nonfull(3), clusters.frag(3)], [0, cluster]);
    clusters.fill(cluster, 1);
    assert.deepEqual([clusters.frag(3), clusters.full()], [0, cluster]);
    clusters.fragment(cluster);
    assert.deepEqual([clusters.frag(3), clusters.full()], [0, cluster], 'full is full');
    assert.equal(clusters.drain(cluster), false);
    assert.deepEqual([clusters.nonfull(3), clusters.full()], [cluster, 0]);
  });

  it('take freed clusters before those never used', () => {
    const clusters = new Clusters(4 * CLUSTER);
    assert.equal(clusters.take(0), 1);
    clusters.fill(1, 1);
    assert.equal(clusters.take(0), 2);
    assert.equal(clusters.drain(1), true);
    assert.equal(clusters.isUsed(1), false);
    assert.equal(clusters.nonfull(0), 2);
    assert.equal(clusters.take(5), 1);
    assert.equal(clusters.order(1), 5);
    assert.equal(clusters.take(0), 3);
    assert.equal(clusters.take(0), 4);
    assert.equal(clusters.take(0), 0);
    assert.equal(clusters.end, 5);
  });

  it('do not count beyond what they have', () => {
    const clusters = new Clusters(CLUSTER + 7);
    clusters.take(0);
    assert.throws(() => clusters.fill(1, CLUSTER + 1), { name: 'InvariantError' });
    assert.throws(() => clusters.drain(1), { name: 'InvariantError' });
    assert.equal(clusters.take(0), 2);
    assert.equal(clusters.slotsIn(2), 7);
    assert.throws(() => clusters.fill(2, 8), { name: 'InvariantError' });
    clusters.fill(2, 7);
    assert.equal(clusters.full(), 2);
  });

  it('have memory of their own while they are used, and keep one empty chunk', () => {
    const clusters = new Clusters(1000 * CLUSTER);
    const count = 3 * 63;
    for (let i = 1; i <= count; i += 1) {
      const cluster = clusters.take(0);
      clusters.fill(cluster, 1);
      clusters.bytes(cluster)[clusters.base(cluster)] = i;
      clusters.shadows(cluster)[clusters.base(cluster) + CLUSTER - 1] = i;
    }
    assert.equal(Math.floor(clusters.metadataBytes / CHUNK_BYTES), 3);
    for (let i = 1; i <= count; i += 1) {
      assert.equal(clusters.bytes(i)[clusters.base(i)], i);
      assert.equal(clusters.shadows(i)[clusters.base(i) + CLUSTER - 1], i);
    }
    for (let i = 1; i <= count; i += 1) {
      clusters.bytes(i)[clusters.base(i)] = 0;
      clusters.shadows(i)[clusters.base(i) + CLUSTER - 1] = 0;
      assert.equal(clusters.drain(i), true);
    }
    assert.equal(Math.floor(clusters.metadataBytes / CHUNK_BYTES), 1);
  });
});
