/** The arithmetic of pressure, against the worked numbers of the kernel's core. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MemcgTree, type Memcg } from '../../../src/memcg/memcg.ts';
import { DEF_PRIORITY, PressureShrinker, SHRINK_BATCH } from '../../../src/memcg/shrinker.ts';

interface ScanResult {
  readonly scanned: number;
  readonly stop: boolean;
}

/** A shrinker of objects of which each scan takes a step of its own to its end. */
class Fake {
  readonly calls: number[] = [];
  readonly shrinker: PressureShrinker;
  /** Ends the scan that is under way. */
  #endScan: (() => void) | undefined;

  constructor(
    freeable: number,
    scan: (objects: number) => ScanResult = (objects) => ({ scanned: objects, stop: false }),
  ) {
    const { calls } = this;
    const setEnd = (end: () => void): void => void (this.#endScan = end);
    this.shrinker = new PressureShrinker({
      count: () => freeable,
      createScan: () => ({
        scanned: 0,
        stop: false,
        onEnd: () => {},
        begin(_, objects): boolean {
          calls.push(objects);
          Object.assign(this, scan(objects));
          // Every other one has ended at once.
          if (calls.length % 2 === 0) return true;
          setEnd(() => this.onEnd());
          return false;
        },
      }),
    });
  }

  /** Objects looked at. */
  shrink(memcg: Memcg, priority: number): number {
    const shrink = this.shrinker.createShrink();
    let ended = shrink.begin(memcg, priority);
    shrink.onEnd = () => (ended = true);
    while (!ended) {
      const end = this.#endScan;
      assert.ok(end !== undefined);
      this.#endScan = undefined;
      end();
    }
    return shrink.scanned;
  }
}

const { root } = new MemcgTree();

describe('PressureShrinker', () => {
  it('leaves few objects alone under mild pressure', () => {
    const fake = new Fake(17);
    assert.equal(fake.shrink(root, DEF_PRIORITY), 0);
    assert.deepEqual(fake.calls, []);
    assert.equal(fake.shrinker.deferred(root), 0);
  });

  it('puts off what is less than a batch', () => {
    const fake = new Fake(17);
    assert.equal(fake.shrink(root, 2), 0);
    assert.deepEqual(fake.calls, []);
    assert.equal(fake.shrinker.deferred(root), 8);
  });

  it('looks at twice what there is when pressure is sharpest', () => {
    const fake = new Fake(17);
    assert.equal(fake.shrink(root, 0), 34);
    assert.deepEqual(fake.calls, [34]);
  });

  it('goes in batches, and stops when told to', () => {
    const many = new Fake(1000);
    assert.equal(many.shrink(root, 1), 896);
    assert.deepEqual(
      many.calls,
      Array.from({ length: 7 }, () => SHRINK_BATCH),
    );
    assert.equal(many.shrinker.deferred(root), 104);
    const stopping = new Fake(1000, () => ({ scanned: 10, stop: true }));
    assert.equal(stopping.shrink(root, 1), 10);
    assert.equal(stopping.shrinker.deferred(root), 990);
  });

  it('does what was put off later, and never puts off more than twice what there is', () => {
    const fake = new Fake(100);
    for (let i = 0; i < 30; i += 1) fake.shrink(root, 3);
    assert.ok(fake.shrinker.deferred(root) <= 200);
    fake.shrink(root, 0);
    assert.ok(fake.calls.length > 0);
  });

  it('gives a parent what a group that goes away has put off', () => {
    const memcgs = new MemcgTree();
    const child = memcgs.create('child');
    const fake = new Fake(17);
    fake.shrink(child, 2);
    fake.shrinker.reparent(child, memcgs.root);
    assert.equal(fake.shrinker.deferred(child), 0);
    assert.equal(fake.shrinker.deferred(memcgs.root), 8);
  });
});
