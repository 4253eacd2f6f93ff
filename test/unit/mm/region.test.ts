import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Region, RegionFamily } from '../../../src/mm/region.ts';
import { MemcgTree } from '../../../src/memcg/memcg.ts';

describe('Region', () => {
  it('belongs to its family, and begins with nothing mapped', () => {
    const family = new RegionFamily(3);
    const region = new Region('one', family, new MemcgTree().root, 16, 2);
    const other = new Region('two', family, new MemcgTree().root, 16, 0);
    assert.deepEqual(family.regions, [region, other]);
    assert.equal(region.table.next(0, 16), 16);
    assert.equal(region.mapped, true);
  });

  it('has 1 to 2^32 - 1 pages', () => {
    const { root } = new MemcgTree();
    assert.throws(() => new Region('none', new RegionFamily(0), root, 0, 0));
    assert.throws(() => new Region('many', new RegionFamily(0), root, 2 ** 32, 0));
    assert.equal(new Region('most', new RegionFamily(0), root, 2 ** 32 - 1, 0).orderMax, 0);
  });
});
