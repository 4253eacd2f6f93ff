/** Method: hand-computed distances; and random evictions against ages that never come round. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MemcgId } from '../../../../src/memcg/memcg.ts';
import { Lruvecs } from '../../../../src/mm/reclaim/lruvec.ts';
import { Workingset } from '../../../../src/mm/reclaim/workingset.ts';

const A = 1 as MemcgId;
const B = 9 as MemcgId;
const AGES = 2 ** 15 - 1;
const NO_LINKS = { previous: zero, next: zero, setPrevious: zero, setNext: zero };

function zero(): number {
  return 0;
}

/** Lists in which a group has so many active pages, and some inactive ones. */
function listsWith(group: MemcgId, activePages: number): Lruvecs {
  const lruvecs = new Lruvecs(NO_LINKS);
  if (activePages > 0) lruvecs.add(group, 1, activePages, true);
  lruvecs.add(group, 2, 1000, false);
  return lruvecs;
}

describe('Workingset', () => {
  it('activates a page that comes back before as many others went as there are active', () => {
    const workingset = new Workingset(listsWith(A, 10), 100);
    const shadow = workingset.evict(A, 1, false);
    workingset.evict(A, 9, false);
    assert.deepEqual(workingset.refault(A, shadow, 1), { activate: true, workingset: false });
    // That aged the group by one page more: 11 since the first went.
    assert.deepEqual(workingset.refault(A, shadow, 1), { activate: false, workingset: false });
    assert.deepEqual([workingset.refaults, workingset.activates, workingset.restores], [2, 1, 0]);
  });

  it('gives the workingset flag back to a page that had it', () => {
    const workingset = new Workingset(listsWith(A, 10), 100);
    const shadow = workingset.evict(A, 4, true);
    assert.deepEqual(workingset.refault(A, shadow, 4), { activate: true, workingset: true });
    workingset.activation(A, 7);
    assert.deepEqual(workingset.refault(A, shadow, 4), { activate: false, workingset: false });
    assert.deepEqual([workingset.refaults, workingset.activates, workingset.restores], [8, 4, 4]);
  });

  it('keeps the ages of groups apart', () => {
    const workingset = new Workingset(listsWith(A, 10), 100);
    const shadow = workingset.evict(A, 1, false);
    workingset.evict(B, 500, false);
    assert.equal(workingset.refault(A, shadow, 1).activate, true);
    assert.equal(workingset.refault(B, workingset.evict(B, 1, false), 1).activate, false);
  });

  it('makes shadows that are never 0 and have 16 bits, of every age', () => {
    const workingset = new Workingset(listsWith(A, 0), 1);
    const shadows = new Set<number>();
    for (let i = 0; i < AGES; i += 1) {
      shadows.add(workingset.evict(A, 1, true));
      workingset.activation(A, AGES - 1);
      shadows.add(workingset.evict(A, 1, false));
    }
    assert.equal(shadows.has(0), false);
    assert.ok(Math.max(...shadows) <= 0xffff);
    assert.equal(shadows.size, 2 * AGES);
    for (const bad of [0, 65535]) {
      assert.throws(() => workingset.refault(A, bad, 1), { name: 'InvariantError' });
    }
  });

  it('is wrong by no more than a 256th of memory while the age has not come round', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(16, 512, 16_384, 10 ** 6, 2 ** 26),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 63, noNaN: true }),
        fc.nat(2 ** 30),
        (pageLimit, activePart, memories, age) => {
          const activePages = Math.floor(pageLimit * activePart);
          const workingset = new Workingset(listsWith(A, activePages), pageLimit);
          workingset.activation(A, age + 1);
          const shadow = workingset.evict(A, 1, false);
          const distance = 1 + Math.floor(pageLimit * memories);
          if (distance > 1) workingset.activation(A, distance - 1);
          const { activate } = workingset.refault(A, shadow, 1);
          const error = pageLimit / 256;
          if (distance <= activePages - error) assert.equal(activate, true);
          if (distance > activePages + error) assert.equal(activate, false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('measures in larger steps when memory grows', () => {
    const workingset = new Workingset(listsWith(A, 10), 100);
    workingset.setPageLimit(2 ** 19);
    // Buckets of 2^11 pages: nothing within one is told apart.
    const shadow = workingset.evict(A, 1, false);
    workingset.activation(A, 2 ** 11 - 2);
    assert.equal(workingset.refault(A, shadow, 1).activate, true);
    assert.equal(workingset.refault(A, shadow, 1).activate, false);
  });
});
