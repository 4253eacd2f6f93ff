import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LowestSet, NO_MEMBER } from '../../../src/page/lowest-set.ts';

/** Members around the places where a word ends and where a level is added. */
const member = fc.oneof(
  fc.integer({ min: 0, max: 70 }),
  fc.constantFrom(1023, 1024, 1025, 32_767, 32_768, 32_769, 524_287),
  fc.integer({ min: 0, max: 524_287 }),
);
const step = fc.record({ adds: fc.boolean(), member });

describe('LowestSet', () => {
  it('has no least member when empty', () => {
    const set = new LowestSet();
    assert.equal(set.lowest(), NO_MEMBER);
    assert.equal(set.has(0), false);
    assert.equal(set.has(1_000_000), false);
  });

  it('stays empty when it grows for a member that is then taken out', () => {
    const set = new LowestSet();
    set.add(100_000);
    set.delete(100_000);
    assert.equal(set.lowest(), NO_MEMBER);
  });

  it('knows the member in the last bit of a word', () => {
    const set = new LowestSet();
    set.add(31);
    assert.equal(set.lowest(), 31);
    set.add(63);
    set.delete(31);
    assert.equal(set.lowest(), 63);
  });

  it('takes a bit a member and little more', () => {
    const set = new LowestSet();
    set.add(32_767);
    assert.ok(set.metadataBytes < 1.1 * 4096, `${set.metadataBytes} bytes`);
  });

  it('refuses what is no member', () => {
    assert.throws(() => new LowestSet().add(-1), { name: 'InvariantError' });
  });

  it('holds what a set of numbers holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const set = new LowestSet();
        const model = new Set<number>();
        for (const { adds, member: value } of steps) {
          if (adds) {
            set.add(value);
            model.add(value);
          } else {
            set.delete(value);
            model.delete(value);
          }
          assert.equal(set.has(value), adds);
          assert.equal(set.lowest(), model.size === 0 ? NO_MEMBER : Math.min(...model));
        }
        for (const value of model) assert.equal(set.has(value), true);
      }),
    );
  });
});
