import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ListAges } from '../../../src/memcg/list-ages.ts';

const STEP = 64;

function agesOf(ages: ListAges, visitMax?: number, isListed = (): boolean => true): number[][] {
  const seen: number[][] = [];
  ages.visit(isListed, (index, seconds) => seen.push([index, seconds]), visitMax);
  return seen;
}

describe('ListAges', () => {
  it('knows when one item in 64 joined', () => {
    let now = 0;
    const ages = new ListAges({ nowMs: () => now });
    for (let index = 1; index <= 3 * STEP; index++) {
      now = index * 1000;
      ages.joined(index);
    }
    const known = new Map(agesOf(ages).map(([index = 0, seconds = 0]) => [index, seconds]));
    assert.equal(known.get(STEP), 128);
    assert.equal(known.get(2 * STEP), 64);
    assert.equal(known.get(3 * STEP), 0);
  });

  it('begins anew for an item that joins anew', () => {
    let now = 0;
    const ages = new ListAges({ nowMs: () => now });
    ages.joined(STEP);
    now = 5000;
    ages.joined(STEP);
    now = 6000;
    assert.deepEqual(
      agesOf(ages).find(([index]) => index === STEP),
      [STEP, 1],
    );
  });

  it('leaves out what is not there any more', () => {
    const ages = new ListAges({ nowMs: () => 0 });
    ages.joined(STEP);
    assert.deepEqual(
      agesOf(ages, undefined, () => false),
      [],
    );
  });

  it('looks at no more than it was told, spread over all', () => {
    const ages = new ListAges({ nowMs: () => 0 });
    for (let i = 0; i < 1000; i++) ages.joined(i * STEP);
    const some = agesOf(ages, 100);
    assert.ok(some.length <= 100 && some.length > 50, String(some.length));
    assert.ok((some.at(-1)?.[0] ?? 0) > 900 * STEP);
    assert.ok(ages.metadataBytes >= 4000 && ages.metadataBytes < 10_000);
  });
});
