import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Buckets } from '../../../../src/cache/lookup/buckets.ts';
import { EntryTable } from '../../../../src/cache/lookup/entries.ts';
import { Prng } from '../../../../src/std/prng.ts';

class Index {
  readonly entries = new EntryTable();
  readonly buckets = new Buckets(this.entries);

  add(low: number, high: number): number {
    const index = this.entries.allocate();
    this.entries.setHash(index, low, high);
    this.buckets.insert(index);
    return index;
  }

  remove(index: number): void {
    this.buckets.remove(index);
    this.entries.free(index);
  }
}

describe('the way from a fingerprint to an entry', () => {
  it('finds each of many, also while it grows and shrinks', () => {
    const index = new Index();
    const random = new Prng(7);
    const all = Array.from({ length: 50_000 }, () => {
      const [low, high] = [random.u32(), random.u32()];
      return { low, high, entry: index.add(low, high) };
    });
    assert.ok(index.buckets.count >= all.length / 2);
    const atMost = index.buckets.metadataBytes;
    for (const { low, high, entry } of all) assert.equal(index.buckets.find(low, high), entry);
    assert.equal(index.buckets.find(1, 2), 0);
    while (all.length > 100) {
      const { low, high, entry } = all.pop() ?? { low: 0, high: 0, entry: 0 };
      index.remove(entry);
      assert.equal(index.buckets.find(low, high), 0);
    }
    for (const { low, high, entry } of all) assert.equal(index.buckets.find(low, high), entry);
    assert.ok(index.buckets.count < 1000);
    assert.ok(index.buckets.metadataBytes < atMost / 3, 'heads are given back');
  });

  it('grows by one bucket at a time, and foretells its bytes', () => {
    const index = new Index();
    for (let i = 0; i < 20_000; i += 1) {
      const { count, metadataBytes } = index.buckets;
      const growth = index.buckets.growthBytes();
      index.add(Math.imul(i, 0x9e3779b1) >>> 0, i);
      assert.ok(index.buckets.count - count <= 1);
      assert.ok(index.buckets.metadataBytes - metadataBytes <= growth);
    }
  });

  it('tells entries apart whose fingerprints share a half or a bucket', () => {
    const step = fc.record({ low: fc.nat(3), high: fc.nat(3), isAdd: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const index = new Index();
        const model = new Map<string, number>();
        for (const { low, high, isAdd } of steps) {
          const name = `${low} ${high}`;
          const found = model.get(name) ?? 0;
          assert.equal(index.buckets.find(low << 28, high), found);
          if (isAdd && found === 0) model.set(name, index.add(low << 28, high));
          if (!isAdd && found !== 0) {
            index.remove(found);
            model.delete(name);
          }
        }
      }),
    );
  });
});
